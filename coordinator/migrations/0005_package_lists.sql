-- Package lists, a row each: what is known of their names, what came of the last fetch, and the jump that a person has
-- confirmed. Whoever refreshes writes, leader or not; the revision keeps two from writing over each other.

CREATE TABLE package_lists (
    name TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    state TEXT NOT NULL,
    tried BIGINT NOT NULL,
    fault TEXT,
    confirmed BIGINT
);
