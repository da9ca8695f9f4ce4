"""Faults by hand: `/_sandbox/faults` adds, lists and takes back."""

from flask import Flask, Response

from membership.stripe_sandbox.console.faults import WrongFaultError
from membership.stripe_sandbox.console.home import Home
from membership.stripe_sandbox.protocol.answers import back, json_response, sent

PLACE = "/_sandbox#faults"


def add_fault_pages(app: Flask, home: Home) -> None:
    """Adds the routes to the application."""
    faults = home.deliverer.faults

    @app.get("/_sandbox/faults")
    def list_faults() -> Response:
        return json_response({"data": [fault.shown() for fault in faults.every()]})

    @app.post("/_sandbox/faults")
    def add_fault() -> Response:
        try:
            fault = faults.add(sent())
        except WrongFaultError as error:
            return home.refused(error)
        return back(fault.shown(), PLACE)

    @app.delete("/_sandbox/faults")
    def remove_faults() -> Response:
        return json_response({"removed": faults.remove()})

    @app.delete("/_sandbox/faults/<int:number>")
    def remove_fault(number: int) -> Response:
        if not faults.remove(number):
            return json_response({"error": f"There is no fault {number}."}, 404)
        return json_response({"removed": 1})

    @app.post("/_sandbox/faults/removal")
    def take_all_back() -> Response:
        return back({"removed": faults.remove()}, PLACE)

    @app.post("/_sandbox/faults/<int:number>/removal")
    def take_back(number: int) -> Response:
        return back({"removed": faults.remove(number)}, PLACE)
