-- One text for PostgreSQL and SQLite: whole numbers are BIGINT, times are milliseconds since the Unix epoch, yes and no are
-- 1 and 0, JSON is TEXT. Names sort differently in the two databases, so the program sorts by name itself.

CREATE TABLE leader (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL,
    owner TEXT NOT NULL,
    instance TEXT NOT NULL,
    expires BIGINT NOT NULL,
    commits BIGINT NOT NULL
);
INSERT INTO leader (id, epoch, owner, instance, expires, commits) VALUES (1, 0, '', '', 0, 0);

CREATE TABLE terms (
    epoch BIGINT PRIMARY KEY,
    owner TEXT NOT NULL,
    instance TEXT NOT NULL,
    began BIGINT NOT NULL
);
CREATE INDEX terms_by_owner ON terms (owner);

CREATE TABLE batches (
    id BIGINT PRIMARY KEY,
    phase TEXT NOT NULL,
    state TEXT NOT NULL,
    created BIGINT NOT NULL,
    phase_since BIGINT NOT NULL,
    ended BIGINT,
    summary TEXT
);
CREATE UNIQUE INDEX one_open_batch ON batches ((ended IS NULL)) WHERE ended IS NULL;

CREATE TABLE members (
    batch BIGINT NOT NULL,
    component TEXT NOT NULL,
    state TEXT NOT NULL,
    shown TEXT NOT NULL,
    PRIMARY KEY (batch, component)
);

CREATE TABLE update_groups (
    batch BIGINT NOT NULL,
    number BIGINT NOT NULL,
    state TEXT NOT NULL,
    shown TEXT NOT NULL,
    open BIGINT NOT NULL,
    PRIMARY KEY (batch, number)
);
CREATE INDEX update_groups_open ON update_groups (batch, number) WHERE open = 1;

CREATE TABLE effects (
    id TEXT PRIMARY KEY,
    batch BIGINT NOT NULL,
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
CREATE INDEX effects_open ON effects (created) WHERE closed IS NULL;
CREATE INDEX effects_by_batch ON effects (batch);

CREATE TABLE triggers (
    id BIGINT PRIMARY KEY,
    batch BIGINT,
    component TEXT NOT NULL,
    tag TEXT NOT NULL,
    build BIGINT NOT NULL,
    nvr TEXT NOT NULL,
    cause TEXT NOT NULL,
    by_person BIGINT NOT NULL,
    message TEXT,
    created BIGINT NOT NULL,
    answer TEXT,
    shown TEXT
);
CREATE UNIQUE INDEX one_trigger_per_tagging ON triggers (tag, build) WHERE by_person = 0;
CREATE UNIQUE INDEX one_trigger_per_message ON triggers (message) WHERE message IS NOT NULL;
CREATE INDEX triggers_pending ON triggers (created, id) WHERE answer IS NULL;
CREATE INDEX triggers_by_batch ON triggers (batch) WHERE batch IS NOT NULL;
CREATE INDEX triggers_by_answer ON triggers (shown);
CREATE INDEX triggers_by_component ON triggers (component, id);

CREATE TABLE odd_messages (
    id TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    body TEXT NOT NULL,
    fault TEXT NOT NULL,
    received BIGINT NOT NULL
);

CREATE TABLE denied (
    source TEXT PRIMARY KEY,
    component TEXT NOT NULL,
    class TEXT NOT NULL,
    text TEXT NOT NULL,
    batch BIGINT NOT NULL,
    task BIGINT,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    count BIGINT NOT NULL,
    expires BIGINT NOT NULL
);

CREATE TABLE marks (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
