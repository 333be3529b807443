-- Which feature comes after which, by first uses in a session.

CREATE TABLE feature_paths (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    day DATE NOT NULL COMMENT 'The UTC day that the sessions belong to.',
    environment VARCHAR(16) NOT NULL COMMENT 'production or other.',
    from_feature VARCHAR(240) NOT NULL COMMENT 'The feature before; (start) at the begin of a session.',
    to_feature VARCHAR(240) NOT NULL COMMENT 'The feature after; (end) where no other followed.',
    sessions BIGINT NOT NULL COMMENT 'Sessions in which the one follows the other.',
    users BIGINT NOT NULL COMMENT 'Distinct persons of these sessions.',
    persons LONGBLOB NOT NULL COMMENT 'Who they are, as a set.',
    PRIMARY KEY (product, day, environment, from_feature, to_feature)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
