"""What an idle pull costs in an organization of a thousand rows and in one of a million."""

import statistics
import tempfile

from . import load
from .finding import Finding

SIZES = (1_000, 1_000_000)
TOLERANCE = 0.10

# Copies what one device needs from an organization that is there, and fills the feed. {size} rows.
ORGANIZATION = """
SET session_replication_role = replica;
SET synchronous_commit = off;
DO $$
DECLARE
  model uuid := (SELECT organization_id FROM benchmark.credential WHERE device_id IS NOT NULL ORDER BY device_id LIMIT 1);
  device uuid := (SELECT device_id FROM benchmark.credential WHERE device_id IS NOT NULL ORDER BY device_id LIMIT 1);
  org uuid := md5('growth {size}')::uuid;
  token text := 'cst_at_' || translate(encode(uuid_send(org) || sha256('growth {size}'), 'base64'), '+/', '-_');
  technician uuid := (SELECT technician_id FROM device d WHERE d.organization_id = model AND d.id = device);
BEGIN
  IF EXISTS (SELECT 1 FROM organization o WHERE o.organization_id = org) THEN RETURN; END IF;
  INSERT INTO organization (organization_id, slug, name) VALUES (org, 'growth-{size}', 'Cabinet {size}');
  INSERT INTO user_account (organization_id, id, kind, email, first_name, last_name, profiles)
  VALUES (org, technician, 'staff', 'terrain@growth-{size}.example', 'Marc', 'Terrain', '{{technician}}');
  INSERT INTO device (organization_id, id, technician_id, name, platform, secret_hash)
  VALUES (org, device, technician, 'Téléphone', 'other', sha256('growth'));
  INSERT INTO system.session (organization_id, id, account_id, device_id, access_hash, access_expires_at, refresh_hash,
    expires_at)
  VALUES (org, gen_random_uuid(), technician, device, sha256(token::bytea), now() + interval '1 year',
    sha256(('refresh' || token)::bytea), now() + interval '1 year');
  INSERT INTO system.tenant_sync (organization_id, version) VALUES (org, {size});
  INSERT INTO system.device_journal (organization_id, device_id, last_sequence, unsent_count, last_seen_at)
  VALUES (org, device, 0, 0, now());
  INSERT INTO system.sync_entity (organization_id, type, id, dossier_id, version, born)
  SELECT org, 'outbuilding', md5('growth' || n)::uuid, md5('growth' || n / 10)::uuid, n, n FROM generate_series(1, {size}) AS n;
END $$;
RESET session_replication_role;
ANALYZE system.sync_entity;
SELECT 'cst_at_' || translate(encode(uuid_send(md5('growth {size}')::uuid) || sha256('growth {size}'), 'base64'), '+/', '-_');
"""


def idle_pulls(cluster, server, workloads, seconds, rounds):
    lines = [cluster.sql(ORGANIZATION.format(size=size))[-1][0] for size in SIZES]
    cluster.sql("UPDATE system.device_journal SET last_seen_at = now()")
    requests = [workloads.idle_pull(token) for token in lines]
    rates = [[] for _ in SIZES]
    for _ in range(rounds):
        for place, request in enumerate(requests):
            with tempfile.NamedTemporaryFile("w", prefix="constat-wrk-") as file:
                file.write("\t".join(request) + "\n")
                file.flush()
                load.wrk(server, "send.lua", file.name, 1)
                rates[place].append(load.wrk(server, "send.lua", file.name, seconds).per_second)
    ratios = [large / small for small, large in zip(*rates)]
    difference = abs(1 - statistics.median(ratios))
    return [Finding("idle pull, one million rows against one thousand: difference", difference * 100, TOLERANCE * 100, " %",
                    is_ceiling=True, note=f"{statistics.median(rates[0]):.0f}/s and {statistics.median(rates[1]):.0f}/s")]
