//! Which settings hold, which are refused, and that secrets are never shown.

use std::fs;

use roster::config::{Config, Flags, LogFormat};
use tempfile::TempDir;

use crate::harness::{roster, said};

const SECRET: &str = "hunter2hunter2hunter2hunter2hunter2";

/// Reads a file with this text.
fn file(text: &str) -> Result<Config, String> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("roster.toml");
    fs::write(&path, text).unwrap();
    let flags = Flags { config: Some(path), ..Flags::default() };
    Config::load(&flags, &[]).map_err(|error| error.to_string())
}

fn environment(variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables: Vec<_> = variables.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    Config::load(&Flags::default(), &variables).map_err(|error| error.to_string())
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("roster.toml");
    let text = "database = \"sqlite:file\"\nwriters = 3\nreaders = 3\nlog = \"error\"\n";
    fs::write(&path, text).unwrap();
    let mut command = roster(["--check-config", "--writers", "5"]);
    command.env("ROSTER_CONFIG", &path).env("ROSTER_WRITERS", "4").env("ROSTER_READERS", "4");
    let (shown, problem, good) = said(command.env("ROSTER_TOKEN_SECRET", SECRET));
    assert!(good, "{problem}");
    let shown: toml::Table = shown.parse().unwrap();
    assert_eq!(shown["writers"].as_integer(), Some(5), "the flag");
    assert_eq!(shown["readers"].as_integer(), Some(4), "the environment");
    assert_eq!(shown["database"].as_str(), Some("sqlite:file"), "the file");
    assert_eq!(shown["grpc"].as_str(), Some("127.0.0.1:50051"), "the default");
}

#[test]
fn every_setting_can_stand_in_the_file() {
    let shown = Config {
        token_secret_file: Some("/secret".into()),
        token_key_set: Some("/keys".into()),
        token_issuer: Some("me".into()),
        token_audience: Some("you".into()),
        public_url: Some("https://members.example.org".into()),
        single_port: true,
        cors_origins: vec!["https://app.example.org".into(), "http://localhost:3000".into()],
        log_format: LogFormat::Json,
        ..Config::default()
    };
    let read = file(&shown.to_string()).unwrap();
    assert_eq!(read.to_string(), shown.to_string());
    assert_eq!(file("").unwrap().to_string(), Config::default().to_string());
}

#[test]
fn an_origin_is_a_scheme_and_a_host() {
    let origins = |origins: &str| file(&format!("cors_origins = [{origins}]"));
    for good in ["", "'*'", "'https://a.example.org', 'http://127.0.0.1:3000', 'http://[::1]:80'"] {
        origins(good).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    let bad = ["''", "'a.example.org'", "'https://a.org/'", "'https://'", "'https://A.org'"];
    for bad in bad {
        let error = origins(bad).err().expect(bad);
        assert!(error.starts_with("configuration: `cors_origins`:"), "{error}");
    }
    let mut command = roster(["--check-config", "--single-port"]);
    command.env("ROSTER_CORS_ORIGINS", "https://a.org,https://b.org");
    let (shown, problem, good) = said(command.env("ROSTER_TOKEN_SECRET", SECRET));
    assert!(good, "{problem}");
    assert!(shown.contains(r#"cors_origins = ["https://a.org", "https://b.org"]"#), "{shown}");
    assert!(shown.contains("single_port = true"), "{shown}");
}

#[test]
fn what_nobody_reads_is_refused() {
    for text in ["databse = \"x\"", "[grpc]\naddress = \"x\"", "config = \"x\""] {
        let error = file(text).err().expect(text);
        assert!(!error.contains('\n'), "{error}");
    }
    assert!(file("databse = \"x\"").err().unwrap().contains("databse"));
    for unknown in ["ROSTER_DATABSE", "ROSTER_", "ROSTER_SERVICES", "ROSTER_TOKEN_SECRETS"] {
        let error = environment(&[(unknown, "x")]).err().expect(unknown);
        assert_eq!(error, format!("the environment variable {unknown} is unknown"));
    }
    let foreign = [
        ("ROSTER_SERVICE_HOST", "10.0.0.1"),
        ("ROSTER_SERVICE_PORT_GRPC", "50051"),
        ("ROSTER_PORT", "tcp://10.0.0.1:50051"),
        ("ROSTER_PORT_50051_TCP_ADDR", "10.0.0.1"),
        ("ROSTER_TEST_POSTGRES_URL", "postgres://"),
        ("ROSTERS", "x"),
        ("PATH", "/bin"),
    ];
    environment(&foreign).unwrap();
}

#[test]
fn values_that_make_no_sense_are_refused_in_one_line() {
    for (text, named) in [
        ("writers = 0", "writers"),
        ("readers = 0", "readers"),
        ("writers = 5000000000", "writers"),
        ("readers = 100000", "readers"),
        ("writers = \"two\"", "writers"),
        ("grpc = \"localhost\"", "grpc"),
        ("rest = 8080", "rest"),
        ("log_format = \"xml\"", "log_format"),
        ("reflection = \"yes\"", "reflection"),
    ] {
        let error = file(text).err().expect(text);
        assert!(error.contains(named) && !error.contains('\n'), "{text}: {error}");
    }
}

#[test]
fn a_secret_is_shown_nowhere() {
    let config = Config {
        database: format!("postgres://roster:p@{SECRET}@db:5432/roster?password={SECRET}"),
        token_secret: Some(SECRET.into()),
        token_key_set: Some(format!("https://roster:{SECRET}@keys.example.org/jwks?key={SECRET}")),
        ..Config::default()
    };
    let shown = config.to_string();
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(shown.contains("@db:5432/roster") && shown.contains("@keys.example.org/jwks"));
    for database in [
        format!("postgres://roster:why?{SECRET}@db/roster"),
        format!("postgres://db/roster?password={SECRET}@{SECRET}"),
    ] {
        let shown = Config { database, ..Config::default() }.to_string();
        assert!(!shown.contains(SECRET) && !shown.contains("why"), "{shown}");
    }
    for text in [
        format!("writers = 1\ntoken_secret = \"{SECRET}"),
        format!("token_secret = {SECRET}"),
        format!("token_secrets = \"{SECRET}\""),
        format!("token_secret = [\"{SECRET}\"]"),
        format!("token_secret = \"{SECRET}\"\ntoken_secret = \"{SECRET}\""),
    ] {
        let error = file(&text).err().expect(&text);
        assert!(!error.contains(SECRET) && !error.contains('\n'), "{error}");
    }
    let torn = file(&format!("writers = 1\ntoken_secret = \"{SECRET}")).err().unwrap();
    assert!(torn.contains("line 2"), "{torn}");
}

#[test]
fn the_environment_holds_the_secret_that_no_flag_may() {
    let config = environment(&[("ROSTER_TOKEN_SECRET", SECRET)]).unwrap();
    assert_eq!(config.tokens().unwrap().secret.as_deref(), Some(SECRET.as_bytes()));
    let (_, problem, good) = said(&mut roster(["--token-secret", SECRET]));
    assert!(!good && problem.contains("unexpected argument"), "{problem}");
}

/// Whichever way it is given: a flag goes before the environment, and that before the file.
#[test]
fn the_secret_of_a_flag_goes_before_that_of_the_environment_and_that_before_the_file() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    for name in ["flag", "variable"] {
        fs::write(path(name), format!("{name}: {SECRET}")).unwrap();
    }
    fs::write(path("roster.toml"), format!("token_secret = \"file: {SECRET}\"\n")).unwrap();
    let in_force = |flag: bool, variables: &[(&str, &str)]| {
        let mut command = roster(["--check-config"]);
        if flag {
            command.args(["--token-secret-file", &path("flag")]);
        }
        let variables = variables.iter().copied().chain([("ROSTER_CONFIG", "roster.toml")]);
        let (shown, problem, good) = said(command.envs(variables).current_dir(&directory));
        if !good {
            return problem;
        }
        let shown: toml::Table = shown.parse().unwrap();
        let file = shown.get("token_secret_file").and_then(|it| it.as_str());
        file.map_or_else(|| shown["token_secret"].as_str().unwrap().into(), str::to_owned)
    };
    let (text, file) = (("ROSTER_TOKEN_SECRET", SECRET), path("variable"));
    let file = ("ROSTER_TOKEN_SECRET_FILE", file.as_str());
    let flag = path("flag");
    assert_eq!(in_force(false, &[]), "[redacted]", "the file's");
    assert_eq!(in_force(false, &[file]), file.1);
    assert_eq!(in_force(false, &[text]), "[redacted]");
    for variables in [&[][..], &[text], &[file], &[text, file]] {
        assert_eq!(in_force(true, variables), flag, "{variables:?}");
    }
    let two = in_force(false, &[text, file]);
    assert!(two.contains("both ROSTER_TOKEN_SECRET and ROSTER_TOKEN_SECRET_FILE are set"), "{two}");
    let (_, problem, good) = said(roster(["token", "--user", "7"]).envs([text, file]));
    assert!(!good && problem.contains("both"), "{problem}");
    let both = format!("token_secret = \"{SECRET}\"\ntoken_secret_file = \"x\"");
    assert!(self::file(&both).err().unwrap().contains("both token_secret and token_secret_file"));
}

#[test]
fn what_is_wrong_in_a_file_names_the_file() {
    for text in ["databse = 1", "writers = \"two\"", "writers =", "grpc = \"localhost\""] {
        let error = file(text).err().expect(text);
        assert!(error.contains("/roster.toml: "), "{text}: {error}");
    }
    let short = file("token_secret_file = \"/dev/null\"").unwrap().tokens().unwrap_err();
    assert!(short.to_string().contains("/dev/null is empty"), "{short}");
}

#[test]
fn a_check_finds_what_would_keep_the_server_from_starting() {
    for (arguments, secret, expected) in [
        (["--log", "info"], "short", "shorter than 32 bytes"),
        (["--log", "roster=loud"], SECRET, "filter"),
        (["--token-key-set", "/nowhere/keys"], SECRET, "/nowhere/keys"),
        (["--token-key-set", "http://keys.example.org"], SECRET, "https"),
    ] {
        let mut command = roster(arguments);
        command.arg("--check-config").env("ROSTER_TOKEN_SECRET", secret);
        let (_, problem, good) = said(&mut command);
        assert!(!good && problem.contains(expected), "{arguments:?}: {problem}");
        assert_eq!(problem.lines().count(), 1, "{problem}");
    }
}
