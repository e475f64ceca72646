"""Clients that people already have write to gapwatch and read their points back.

Runs the program that was just built (`GAPWATCH`, `target/debug/gapwatch` unless told) on a copy of fixtures/small.
"""

import gzip
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.request
from datetime import datetime, timezone

from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS, WriteOptions
from influxdb_client.rest import ApiException

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("GAPWATCH", str(CHECKOUT / "target/debug/gapwatch"))


class Clients(unittest.TestCase):
    """One program for all tests; each writes under a source of its own."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        config = pathlib.Path(cls.folder) / "config"
        shutil.copytree(CHECKOUT / "fixtures/small/province", config)
        made = [PROGRAM, "token", "add", "telegraf", "--role", "editor", "--config", str(config)]
        cls.token = subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip()
        serve = [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--config", str(config)]
        environment = os.environ | {"RUST_LOG": "warn"}
        cls.program = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=environment)
        for line in cls.program.stdout:
            if line.startswith("gapwatch listening on "):
                cls.origin = line.split()[-1]
                return
        raise RuntimeError("the program ended before it was ready")

    @classmethod
    def tearDownClass(cls):
        cls.program.terminate()
        cls.program.wait(timeout=30)
        cls.program.stdout.close()
        shutil.rmtree(cls.folder)

    def read(self, source):
        """What the source said, by place and period."""
        address = f"{self.origin}/api/v1/observations?indicator=village.households&limit=1000"
        with urllib.request.urlopen(address) as answer:
            rows = json.load(answer)
        return {(row["place"]["code"], row["period"]): row["value"] for row in rows if row["source"] == source}

    def write(self, source, **options):
        client = InfluxDBClient(url=self.origin, token=self.token, org="any", **options)
        self.addCleanup(client.close)
        return client.write_api(write_options=SYNCHRONOUS), source

    def test_influxdb_client_writes_points(self):
        api, source = self.write("points")
        when = datetime(2025, 3, 10, 8, tzinfo=timezone.utc)
        points = [
            Point("village.households").tag("place", f"99001-{number:03}").field("value", 20 + number).time(when)
            for number in range(1, 11)
        ]
        api.write(bucket=source, record=points)
        expected = {(f"99001-{number:03}", "202503"): 20 + number for number in range(1, 11)}
        self.assertEqual(self.read(source), expected)

    def test_influxdb_client_writes_gzip_and_seconds(self):
        api, source = self.write("gzipped", enable_gzip=True)
        when = int(datetime(2025, 4, 2, tzinfo=timezone.utc).timestamp())
        line = f"village.households,place=99002-001 value=31.0 {when}"
        api.write(bucket=source, record=line, write_precision=WritePrecision.S)
        self.assertEqual(self.read(source), {("99002-001", "202504"): 31})

    def test_influxdb_client_writes_in_batches(self):
        client = InfluxDBClient(url=self.origin, token=self.token, org="any")
        self.addCleanup(client.close)
        when = datetime(2025, 5, 5, tzinfo=timezone.utc)
        # Closing the writer sends what waits.
        with client.write_api(write_options=WriteOptions(batch_size=4, flush_interval=60_000)) as api:
            for number in range(1, 11):
                point = Point("village.households").tag("place", f"99003-{number:03}").field("value", number)
                api.write(bucket="batches", record=point.time(when))
        expected = {(f"99003-{number:03}", "202505"): number for number in range(1, 11)}
        self.assertEqual(self.read("batches"), expected)

    def test_influxdb_client_is_told_which_line_is_wrong(self):
        api, source = self.write("partly")
        when = int(datetime(2025, 6, 2, tzinfo=timezone.utc).timestamp())
        lines = [
            f"village.households,place=99001-001 value=12i {when}",
            f"village.households,place=00000-000 value=13i {when}",
            f"village.households,place=99001-002 value=14i {when}",
        ]
        with self.assertRaises(ApiException) as refused:
            api.write(bucket=source, record=lines, write_precision=WritePrecision.S)
        self.assertEqual(refused.exception.status, 400)
        self.assertEqual(json.loads(refused.exception.body)["lines"], [2])
        self.assertEqual(self.read(source), {("99001-001", "202506"): 12, ("99001-002", "202506"): 14})

    def test_a_wrong_token_writes_nothing(self):
        client = InfluxDBClient(url=self.origin, token="wrong", org="any")
        self.addCleanup(client.close)
        with self.assertRaises(ApiException) as refused:
            api = client.write_api(write_options=SYNCHRONOUS)
            api.write(bucket="nobody", record="village.households,place=99001-001 value=1")
        self.assertEqual(refused.exception.status, 401)
        self.assertEqual(self.read("nobody"), {})

    def curl(self, *arguments, body):
        address = f"{self.origin}/api/v2/write?bucket=curl&precision=s"
        command = ["curl", "--silent", "--output", "-", "--write-out", "\n%{http_code}", "--request", "POST", address]
        command += ["--header", f"Authorization: Token {self.token}", "--data-binary", "@-", *arguments]
        said = subprocess.run(command, input=body, capture_output=True, check=True).stdout.decode()
        return said.rsplit("\n", 1)

    def test_curl_writes_plain_and_gzipped(self):
        when = int(datetime(2025, 7, 2, tzinfo=timezone.utc).timestamp())
        line = f"village.households,place=99001-003 value=15i {when}\n".encode()
        self.assertEqual(self.curl(body=line), ["", "204"])
        other = gzip.compress(f"village.households,place=99001-004 value=16u {when}".encode())
        self.assertEqual(self.curl("--header", "Content-Encoding: gzip", body=other), ["", "204"])
        self.assertEqual(self.read("curl"), {("99001-003", "202507"): 15, ("99001-004", "202507"): 16})


if __name__ == "__main__":
    unittest.main(verbosity=2)
