-- By day, as the other tables whose rows are put together: who asks for days reads no others, and a
-- day that is computed anew lies together. At once, beside whoever writes.
ALTER TABLE account_features
    DROP PRIMARY KEY,
    DROP INDEX account_features_day,
    MODIFY day DATE NOT NULL COMMENT 'The UTC day that the sessions belong to.' AFTER product,
    ADD PRIMARY KEY (product, day, environment, account, feature);

-- In orders in which nothing is read any more.
DROP INDEX feature_usage_versions ON feature_usage;
DROP INDEX feature_paths_steps ON feature_paths;
