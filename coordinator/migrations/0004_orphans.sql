-- What is ours in Koji and Bodhi and belongs to nobody here; and effects that belong to no batch: neither database can take
-- NOT NULL from a column in a way that the other knows, so the table is made anew.

CREATE TABLE orphans (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    what TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    removal BIGINT,
    PRIMARY KEY (kind, name)
);

CREATE TABLE effects_anew (
    id TEXT PRIMARY KEY,
    batch BIGINT,
    kind TEXT NOT NULL,
    runner TEXT NOT NULL,
    payload TEXT NOT NULL,
    run BIGINT NOT NULL,
    first_issued BIGINT,
    last_issued BIGINT,
    due BIGINT,
    unavailable_since BIGINT,
    last_error TEXT,
    created BIGINT NOT NULL,
    closed BIGINT,
    outcome TEXT
);
INSERT INTO effects_anew (id, batch, kind, runner, payload, run, first_issued, last_issued, due, unavailable_since, last_error,
        created, closed, outcome)
    SELECT id, batch, kind, runner, payload, run, first_issued, last_issued, due, unavailable_since, last_error, created, closed,
        outcome
    FROM effects;
DROP TABLE effects;
ALTER TABLE effects_anew RENAME TO effects;
CREATE INDEX effects_open ON effects (created) WHERE closed IS NULL;
CREATE INDEX effects_by_batch ON effects (batch);
