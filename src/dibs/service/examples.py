"""What a client may send, by operation: shown in the OpenAPI document, and sent by its tests."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TERMS: dict[str, Any] = {
    "price": "2.10",
    "payment": "monthly in arrears",
    "take_or_pay": "0.8",
    "service_level": "0.999",
    "delivery_tolerance": 1_209_600,
    "address": "capacity desk",
    "regions": ["us-east", "us-west"],
}

EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {
        "submit_request": {
            "class": "training",
            "sku": "h100",
            "quantity": 5000,
            "start_earliest": "2025-06-01T00:00:00Z",
            "start_latest": "2025-09-01T00:00:00Z",
            "months": 12,
        },
        "rule": {"answer": "permitted", "because": "Both sides agreed on the telephone; the note is in the file."},
        "waive_right": {"signed_by": "R. Kent, chief executive"},
        "serve_notice": {"request": "req-1", "terms": _TERMS},
        "respond": {"quantity": 3000},
        "change_terms": {"terms": {"price": "1.90"}},
        "toll_offer": {"cause": "due_diligence", "seconds": 864_000},
        "propose_grant": {"request": "req-1", "host": "cinder-west", "quantity": 2000},
        "confirm_delivery": {"quantity": 2000},
        "name_reader": {"person": "m.okafor"},
        "assign_right": {"to": "delta"},
        "declare_capacity": {"host": "cinder-west", "sku": "h100", "steps": [{"from": "2025-06-01T00:00:00Z", "quantity": 8000}], "price": "2.10"},
        "report_usage": {
            "report": "2025-02-01/cinder-west/training",
            "host": "cinder-west",
            "class": "training",
            "accelerator_hours": 48_000,
            "starts": "2025-02-01T00:00:00Z",
            "ends": "2025-02-02T00:00:00Z",
        },
        "record_signal": {
            "party": "aster",
            "signal": "profit",
            "value": "2.5e9",
            "unit": "USD",
            "since": "2024-10-01T00:00:00Z",
            "until": "2025-01-01T00:00:00Z",
            "source": "quarterly report",
        },
        "verify_trigger": {"confirmed": True},
        "announce_launch": {"launch": "assistant-5", "class": "product", "host": "borealis-east"},
        "declare_ability": {"able": True, "willing": True},
        "adopt_agreement": {
            "name": "harbour.yaml",
            "text": "dibs: agreement/1\nid: harbour\ntitle: Compute agreement between Aster Labs and Borealis Cloud\n# and so on, whole\n",
        },
        "add_webhook_endpoint": {"url": "https://desk.example/hooks/dibs", "types": ["dibs.OfferServed"], "description": "the desk's queue"},
        "replay_webhook": {"since": "2025-03-01T00:00:00Z"},
        "want_mail": {"address": "desk@example.com", "time_zone": "Europe/Berlin", "about": ["served", "near"]},
        "move_clock": {"to": "2025-06-01T00:00:00Z"},
        "make_token": {"role": "desk", "person": "m.okafor", "party": "borealis", "expires_at": "2026-03-01T00:00:00Z"},
        "rotate_token": {"overlap": 86_400},
        "make_login": {"claim": "email", "value": "m.okafor@borealis.example", "role": "desk", "person": "m.okafor", "party": "borealis"},
        "start_run": {"kind": "audit"},
        "contest_line": {"entry": "charge:grant-1:2025-06", "says": "Half of it was down for a week."},
    }
)
