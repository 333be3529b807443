"""Makes an extract for Tableau of a Parquet file: `PARQUET HYPER`, and on standard input a JSON list
of names and texts that the extract is to say of itself."""

import json
import os
import sys

try:
    from tableauhyperapi import (
        Connection, CreateMode, HyperException, HyperProcess, Inserter, SchemaName, SqlType, TableDefinition,
        TableName, Telemetry, escape_string_literal)
except ImportError:
    sys.exit(3)


def convert(parquet, extract):
    # An empty file is no extract that could be replaced.
    os.unlink(extract)
    about = TableDefinition(
        TableName("Extract", "About"),
        [TableDefinition.Column("name", SqlType.text()), TableDefinition.Column("value", SqlType.text())])
    with HyperProcess(
            Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU, parameters={"log_config": ""}) as process, \
            Connection(process.endpoint, extract, CreateMode.CREATE) as connection:
        connection.catalog.create_schema(SchemaName("Extract"))
        connection.execute_command(
            'CREATE TABLE "Extract"."Extract" AS SELECT * FROM external('
            f"{escape_string_literal(parquet)}, FORMAT => 'parquet')")
        connection.catalog.create_table(about)
        with Inserter(connection, about) as inserter:
            inserter.add_rows(json.load(sys.stdin))
            inserter.execute()


if len(sys.argv) == 3:
    try:
        convert(*sys.argv[1:])
    except HyperException as error:
        sys.exit(str(error).splitlines()[0])
