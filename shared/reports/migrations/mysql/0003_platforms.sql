-- What the software runs on, day by day.

CREATE TABLE platforms (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    day DATE NOT NULL COMMENT 'The UTC day that the sessions belong to.',
    environment VARCHAR(16) NOT NULL COMMENT 'production or other.',
    os VARCHAR(190) NOT NULL COMMENT 'Name of the operating system.',
    os_version VARCHAR(190) NOT NULL COMMENT 'Its version.',
    runtime VARCHAR(190) NOT NULL COMMENT 'The runtime, with its version if stated.',
    sessions BIGINT NOT NULL COMMENT 'Sessions on it.',
    users BIGINT NOT NULL COMMENT 'Distinct persons who used it.',
    session_share DOUBLE NULL COMMENT 'Share among the sessions on all platforms.',
    user_share DOUBLE NULL COMMENT 'Share of the users of any platform who used it.',
    persons LONGBLOB NOT NULL COMMENT 'Who they are, as a set.',
    PRIMARY KEY (product, day, environment, os, os_version, runtime)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
