//! What an error of the database means for whoever sent the statement.

use roster::store::{
    Class, KNOWN_KEYS, SQLITE_CODES, SQLSTATES, class_of_sqlite, class_of_sqlstate,
};

#[test]
fn each_code_of_postgresql_has_its_class() {
    for (code, constraint, expected) in [
        ("40001", None, Class::Contention),
        ("40P01", None, Class::Contention),
        ("55P03", None, Class::Contention),
        ("23505", Some("space_pkey"), Class::Contention),
        ("23505", Some("space_content_pkey"), Class::Contention),
        ("23505", Some("membership_pkey"), Class::Contention),
        ("23505", Some("membership_event_pkey"), Class::Contention),
        ("23505", Some("secret_pkey"), Class::Rejected),
        ("23505", None, Class::Rejected),
        ("08000", None, Class::Unavailable),
        ("08006", None, Class::Unavailable),
        ("25006", None, Class::Unavailable),
        ("25P03", None, Class::Unavailable),
        ("53100", None, Class::Unavailable),
        ("53200", None, Class::Unavailable),
        ("53300", None, Class::Unavailable),
        ("57014", None, Class::Unavailable),
        ("57P01", None, Class::Unavailable),
        ("57P02", None, Class::Unavailable),
        ("57P03", None, Class::Unavailable),
        ("58030", None, Class::Unavailable),
        ("23514", Some("space_capacity_kept"), Class::Rejected),
        // The name of a key makes no other error contention.
        ("23514", Some("space_pkey"), Class::Rejected),
        ("25P02", None, Class::Rejected),
        ("40002", None, Class::Rejected),
        ("42601", None, Class::Rejected),
        ("42P01", None, Class::Rejected),
        ("", None, Class::Rejected),
    ] {
        assert_eq!(class_of_sqlstate(code, constraint), expected, "{code} {constraint:?}");
    }
}

#[test]
fn each_code_of_sqlite_has_its_class() {
    for (code, expected) in [
        (5, Class::Contention),
        // SQLITE_BUSY_SNAPSHOT: whoever began to read before another wrote.
        (517, Class::Contention),
        (6, Class::Contention),
        // SQLITE_CONSTRAINT_PRIMARYKEY; _CHECK and _UNIQUE are faults of ours.
        (1555, Class::Contention),
        (275, Class::Rejected),
        (2067, Class::Rejected),
        (7, Class::Unavailable),
        (8, Class::Unavailable),
        // SQLITE_READONLY_DBMOVED: the file is not where it was.
        (1032, Class::Unavailable),
        (9, Class::Unavailable),
        (10, Class::Unavailable),
        // SQLITE_IOERR_FSYNC.
        (1034, Class::Unavailable),
        (13, Class::Unavailable),
        (14, Class::Unavailable),
        (1, Class::Rejected),
        (11, Class::Rejected),
        (19, Class::Rejected),
        (0, Class::Rejected),
    ] {
        assert_eq!(class_of_sqlite(code), expected, "{code}");
    }
}

#[test]
fn every_row_of_the_tables_holds() {
    for (begins, expected, _) in SQLSTATES {
        let code = format!("{begins:0<5}");
        assert_eq!(class_of_sqlstate(&code, None), *expected, "{code}");
        assert_eq!(class_of_sqlstate(&code, Some(KNOWN_KEYS[0])), *expected, "{code}");
    }
    for (code, expected, _) in SQLITE_CODES {
        assert_eq!(class_of_sqlite(*code), *expected, "{code}");
        assert_eq!(class_of_sqlite(code | 3 << 8), *expected, "{code} extended");
    }
}
