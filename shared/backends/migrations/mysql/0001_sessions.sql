-- Sessions schema, for MySQL 8 and MariaDB 10.11. Times are microseconds since 1970, days are
-- days since 1970, 0/1 are flags. Character set and collation are those of the schema itself,
-- which is made to compare bytewise and without padding before this runs.

-- One row a log once it is settled; a log in the archive without a row is pending.
CREATE TABLE log (
    product VARCHAR(63) NOT NULL,
    log_id VARCHAR(64) NOT NULL,
    state VARCHAR(16) NOT NULL,             -- parsed | duplicate | rejected | erased
    received_at BIGINT NOT NULL,
    archived_at BIGINT NOT NULL,            -- the archive object's own time
    received_day INT NOT NULL,              -- the day of archived_at: the ledger's day
    queued_at BIGINT NULL,
    parsed_at BIGINT NOT NULL,
    via VARCHAR(16) NOT NULL,               -- api | otlp | ticket | inbox
    consent VARCHAR(16) NOT NULL,
    content_hash VARCHAR(64) NULL,          -- hex; only in the row that owns the content
    duplicate_of VARCHAR(64) NULL,
    sealed_bytes BIGINT NOT NULL,
    inflated_bytes BIGINT NOT NULL,
    profile VARCHAR(190) NOT NULL,          -- name@version
    parser_version VARCHAR(64) NOT NULL,
    reason VARCHAR(32) NULL,
    detail TEXT NULL,
    records BIGINT NOT NULL,
    rejects_total BIGINT NOT NULL,
    sessions BIGINT NOT NULL,
    repaired_utf8 BIGINT NOT NULL,
    backward_steps BIGINT NOT NULL,
    extra TEXT NOT NULL,                    -- JSON: what was flagged and kept, by kind
    PRIMARY KEY (product, log_id),
    UNIQUE (product, content_hash)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE INDEX log_day ON log (product, received_day, state, reason);

-- What one log says about one session: the stored unit.
CREATE TABLE part (
    product VARCHAR(63) NOT NULL,
    session_id VARCHAR(128) NOT NULL,
    log_id VARCHAR(64) NOT NULL,
    ordinal BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    profile VARCHAR(190) NOT NULL,
    marks_ends SMALLINT NOT NULL,
    started SMALLINT NOT NULL,
    continued SMALLINT NOT NULL,
    superseded SMALLINT NOT NULL,
    has_end SMALLINT NOT NULL,
    end_at BIGINT NULL,
    end_local SMALLINT NULL,
    started_at BIGINT NULL,
    started_local SMALLINT NULL,
    last_activity_at BIGINT NULL,
    last_activity_local SMALLINT NULL,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    events BIGINT NOT NULL,
    occurrences BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    unhandled BIGINT NOT NULL,
    crashes BIGINT NOT NULL,
    backward_steps BIGINT NOT NULL,
    level_unspecified BIGINT NOT NULL,
    level_trace BIGINT NOT NULL,
    level_debug BIGINT NOT NULL,
    level_info BIGINT NOT NULL,
    level_warn BIGINT NOT NULL,
    level_error BIGINT NOT NULL,
    level_fatal BIGINT NOT NULL,
    version VARCHAR(190) NULL,
    os VARCHAR(190) NULL,
    runtime VARCHAR(190) NULL,
    user_id VARCHAR(190) NULL,
    installation_id VARCHAR(190) NULL,
    account_id VARCHAR(190) NULL,
    environment VARCHAR(190) NULL,
    PRIMARY KEY (product, session_id, log_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE INDEX part_log ON part (product, log_id);

CREATE TABLE part_feature (
    product VARCHAR(63) NOT NULL,
    session_id VARCHAR(128) NOT NULL,
    log_id VARCHAR(64) NOT NULL,
    name VARCHAR(240) NOT NULL,
    events BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    duration_count BIGINT NOT NULL,
    duration_sum_us BIGINT NOT NULL,
    durations MEDIUMBLOB NOT NULL,                -- mergeable sketch; empty if there are none
    PRIMARY KEY (product, session_id, log_id, name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- The fold of a session's parts, always made anew from all of them.
CREATE TABLE session (
    product VARCHAR(63) NOT NULL,
    session_id VARCHAR(128) NOT NULL,
    parts BIGINT NOT NULL,
    started_at BIGINT NULL,
    started_local SMALLINT NULL,
    last_activity_at BIGINT NULL,
    last_activity_local SMALLINT NULL,
    ended_at BIGINT NULL,
    ended_local SMALLINT NULL,
    effective_start BIGINT NOT NULL,
    effective_end BIGINT NOT NULL,
    start_day INT NOT NULL,                 -- the day of effective_start
    status VARCHAR(16) NOT NULL,
    end_reason VARCHAR(16) NOT NULL,
    awaits_end SMALLINT NOT NULL,
    open_until BIGINT NULL,                 -- silence past this instant changes the row
    events BIGINT NOT NULL,
    occurrences BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    crashes BIGINT NOT NULL,
    level_unspecified BIGINT NOT NULL,
    level_trace BIGINT NOT NULL,
    level_debug BIGINT NOT NULL,
    level_info BIGINT NOT NULL,
    level_warn BIGINT NOT NULL,
    level_error BIGINT NOT NULL,
    level_fatal BIGINT NOT NULL,
    version VARCHAR(190) NULL,
    os VARCHAR(190) NULL,
    runtime VARCHAR(190) NULL,
    user_id VARCHAR(190) NULL,
    installation_id VARCHAR(190) NULL,
    account_id VARCHAR(190) NULL,
    environment VARCHAR(190) NULL,
    PRIMARY KEY (product, session_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE INDEX session_day ON session (product, start_day);
CREATE INDEX session_seek ON session (product, effective_start, session_id);
CREATE INDEX session_open ON session (product, open_until);

-- The instant up to which a product's silence has been judged: every fold judges it alike.
CREATE TABLE settlement (
    product VARCHAR(63) NOT NULL,
    as_of BIGINT NOT NULL,
    PRIMARY KEY (product)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- The first samples of what was refused, and the count of all.
CREATE TABLE reject (
    product VARCHAR(63) NOT NULL,
    log_id VARCHAR(64) NOT NULL,
    reason VARCHAR(32) NOT NULL,
    ordinal INT NOT NULL,
    scope VARCHAR(8) NOT NULL,              -- log | event
    received_day INT NOT NULL,
    line BIGINT NULL,
    byte_offset BIGINT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (product, log_id, reason, ordinal)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE INDEX reject_seek ON reject (product, received_day, log_id, reason, ordinal);

CREATE TABLE reject_count (
    product VARCHAR(63) NOT NULL,
    log_id VARCHAR(64) NOT NULL,
    reason VARCHAR(32) NOT NULL,
    scope VARCHAR(8) NOT NULL,
    received_day INT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (product, log_id, reason)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE INDEX reject_count_day ON reject_count (product, received_day, reason);

-- Product-days whose reports are out of date: those with generation > cleared. Rows stay, so
-- that a generation is never used twice.
CREATE TABLE dirty (
    product VARCHAR(63) NOT NULL,
    day INT NOT NULL,
    generation BIGINT NOT NULL,
    cleared BIGINT NOT NULL,
    PRIMARY KEY (product, day)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- The ledger's own side, written from listings of the archive and from counts at the edge.
CREATE TABLE ledger_listing (
    product VARCHAR(63) NOT NULL,
    as_of BIGINT NOT NULL,
    PRIMARY KEY (product)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE ledger_received (
    product VARCHAR(63) NOT NULL,
    day INT NOT NULL,
    received BIGINT NOT NULL,
    PRIMARY KEY (product, day)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE ledger_edge (
    product VARCHAR(63) NOT NULL,
    day INT NOT NULL,
    duplicates BIGINT NOT NULL,
    PRIMARY KEY (product, day)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE ledger_pending (
    product VARCHAR(63) NOT NULL,
    log_id VARCHAR(64) NOT NULL,
    day INT NOT NULL,
    lost SMALLINT NOT NULL,                 -- it had a row once and has none now
    PRIMARY KEY (product, log_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Sessions that a transaction works on, for the time of the transaction: always empty for
-- others.
CREATE TABLE session_lock (
    product VARCHAR(63) NOT NULL,
    session_id VARCHAR(128) NOT NULL,
    PRIMARY KEY (product, session_id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
