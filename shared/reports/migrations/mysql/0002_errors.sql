-- Errors: what fails, day by day, and when each error is known first and last.

CREATE TABLE top_errors (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    day DATE NOT NULL COMMENT 'The UTC day that the sessions belong to.',
    environment VARCHAR(16) NOT NULL COMMENT 'production or other.',
    version VARCHAR(190) NOT NULL COMMENT 'Version of the software; (unknown) where a session states none.',
    error VARCHAR(240) NOT NULL COMMENT 'The error: the name of its events.',
    events BIGINT NOT NULL COMMENT 'Events of it.',
    sessions BIGINT NOT NULL COMMENT 'Sessions in which it occurred at least once.',
    users BIGINT NOT NULL COMMENT 'Distinct persons who met it.',
    persons LONGBLOB NOT NULL COMMENT 'Who they are, as a set.',
    PRIMARY KEY (product, day, environment, version, error)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE INDEX top_errors_seen ON top_errors (product, environment, error, day);

CREATE TABLE error_seen (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    environment VARCHAR(16) NOT NULL COMMENT 'production or other.',
    error VARCHAR(240) NOT NULL COMMENT 'The error: the name of its events.',
    first_day DATE NOT NULL COMMENT 'The first UTC day on which it is known, in any version.',
    first_version VARCHAR(190) NOT NULL COMMENT 'The version on that day; of several, the first.',
    last_day DATE NOT NULL COMMENT 'The last UTC day on which it is known, in any version.',
    last_version VARCHAR(190) NOT NULL COMMENT 'The version on that day; of several, the last.',
    PRIMARY KEY (product, environment, error)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
