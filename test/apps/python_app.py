"""A SMART app in Python, on the two usual clients. Speaks JSON lines with the test that plays the browser."""
import asyncio
import json
import sys

from fhirclient import client
from fhirclient.models.patient import Patient
from fhirpy import AsyncFHIRClient


def say(**what):
    print(json.dumps(what), flush=True)


def by_person(base, app_id, redirect_uri, scope):
    smart = client.FHIRClient(
        settings={"app_id": app_id, "api_base": base, "redirect_uri": redirect_uri, "scope": scope}
    )
    assert not smart.prepare()
    say(authorize=smart.authorize_url)
    smart.handle_callback(sys.stdin.readline().strip())
    patient = Patient.read(smart.patient_id, smart.server)
    before = smart.server.auth.access_token
    smart.reauthorize()
    again = Patient.read(smart.patient_id, smart.server)
    token = smart.server.auth.access_token
    found = asyncio.run(search(base, token))
    say(patient=patient.name[0].family, again=again.name[0].family, refreshed=token != before, found=found)


def by_itself(base, app_id, assertion, scope):
    smart = client.FHIRClient(settings={"app_id": app_id, "api_base": base, "jwt_token": assertion, "scope": scope})
    smart.prepare()
    smart.authorize()
    found = asyncio.run(search(base, smart.server.auth.access_token))
    say(found=found)


async def search(base, token):
    fhir = AsyncFHIRClient(base, authorization=f"Bearer {token}")
    return sorted([patient["id"] for patient in await fhir.resources("Patient").fetch_all()])


{"person": by_person, "itself": by_itself}[sys.argv[1]](*sys.argv[2:])
