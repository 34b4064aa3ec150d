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
