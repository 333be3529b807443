-- What the software runs on, day by day.

CREATE TABLE platforms (
    product VARCHAR(63) NOT NULL, -- The product.
    day CHAR(10) NOT NULL, -- The UTC day that the sessions belong to.
    environment VARCHAR(16) NOT NULL, -- production or other.
    os VARCHAR(190) NOT NULL, -- Name of the operating system.
    os_version VARCHAR(190) NOT NULL, -- Its version.
    runtime VARCHAR(190) NOT NULL, -- The runtime, with its version if stated.
    sessions BIGINT NOT NULL, -- Sessions on it.
    users BIGINT NOT NULL, -- Distinct persons who used it.
    session_share DOUBLE NULL, -- Share among the sessions on all platforms.
    user_share DOUBLE NULL, -- Share of the users of any platform who used it.
    persons BLOB NOT NULL, -- Who they are, as a set.
    PRIMARY KEY (product, day, environment, os, os_version, runtime)
);
