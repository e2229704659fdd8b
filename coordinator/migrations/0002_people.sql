-- What people asked for. The audit stays; a request goes when the leader has answered it. Dead letters stay until a person
-- decides on them, the newest thousand at most.

CREATE TABLE audit (
    id BIGINT PRIMARY KEY,
    who TEXT NOT NULL,
    asked BIGINT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    why TEXT NOT NULL,
    done BIGINT,
    result TEXT
);
CREATE INDEX audit_by_time ON audit (asked);

CREATE TABLE requests (
    id BIGINT PRIMARY KEY,
    payload TEXT NOT NULL
);

CREATE TABLE dead_letters (
    job TEXT PRIMARY KEY,
    batch BIGINT NOT NULL,
    update_group BIGINT,
    kind TEXT NOT NULL,
    what TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    error TEXT NOT NULL,
    since BIGINT NOT NULL
);
CREATE INDEX dead_letters_by_time ON dead_letters (since, job);
