-- Tables of hand-written SQL, and what it needs to know of the server's own.

-- The least that hand-written SQL has to keep: who belongs where, and what happened. Keys look
-- random, as real ones do, so that index pages are hit everywhere.
CREATE TABLE bare_membership (
    space uuid NOT NULL,
    member uuid NOT NULL,
    status smallint NOT NULL DEFAULT 1,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (space, member)
);
CREATE INDEX ON bare_membership (member, space);
CREATE TABLE bare_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    space uuid NOT NULL,
    member uuid NOT NULL,
    what smallint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
-- A space's counters.
CREATE TABLE bare_space (
    name uuid PRIMARY KEY,
    seq bigint NOT NULL,
    members bigint NOT NULL
) WITH (fillfactor = 50);
-- The hundred users whom a caller names. pgbench cannot send lists, so they are here to be looked up.
CREATE TABLE bare_hundred (
    n bigint PRIMARY KEY,
    members uuid[] NOT NULL,
    -- as the server spells them
    ids text[] NOT NULL
);
ALTER TABLE bare_hundred ALTER COLUMN ids SET STORAGE EXTERNAL;
-- All that the server knows of a space, in however many tables it keeps that.
DO $$
BEGIN
    IF to_regclass('space_content') IS NULL THEN
        CREATE VIEW whole_space AS SELECT * FROM space;
    ELSE
        CREATE VIEW whole_space AS SELECT * FROM space JOIN space_content ON space = name;
    END IF;
END $$;
