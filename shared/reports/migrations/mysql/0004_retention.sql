-- How many of those who began in a week were seen in later weeks. What is not there is 0.

CREATE TABLE retention (
    product VARCHAR(63) NOT NULL COMMENT 'The product.',
    environment VARCHAR(16) NOT NULL COMMENT 'production, other, or all of both.',
    cohort DATE NOT NULL COMMENT 'The Monday of the week of the first day.',
    week BIGINT NOT NULL COMMENT 'How many weeks after the cohort''s own.',
    users BIGINT NOT NULL COMMENT 'Persons of the cohort who were seen in the week.',
    PRIMARY KEY (product, environment, cohort, week)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
