-- Which feature comes after which, by first uses in a session.

CREATE TABLE feature_paths (
    product VARCHAR(63) NOT NULL, -- The product.
    day CHAR(10) NOT NULL, -- The UTC day that the sessions belong to.
    environment VARCHAR(16) NOT NULL, -- production or other.
    from_feature VARCHAR(240) NOT NULL, -- The feature before; (start) at the begin of a session.
    to_feature VARCHAR(240) NOT NULL, -- The feature after; (end) where no other followed.
    sessions BIGINT NOT NULL, -- Sessions in which the one follows the other.
    users BIGINT NOT NULL, -- Distinct persons of these sessions.
    persons BLOB NOT NULL, -- Who they are, as a set.
    PRIMARY KEY (product, day, environment, from_feature, to_feature)
);
