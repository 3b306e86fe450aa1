"""The doctor says what is there, what is missing and what to do."""

from importlib import metadata


def test_here_everything_needed_is_there(document, dibs):
    found = document("doctor")
    assert found["fine"]
    assert {"python", "numpy", "ruamel-yaml", "sqlite", "writing"} <= {look["name"] for look in found["looks"]}
    assert dibs("doctor").exit_code == 0


def test_a_package_that_is_missing_fails_and_says_how_to_get_it(document, dibs, monkeypatch):
    real = metadata.version

    def version(name):
        if name == "numpy":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr("dibs.cli.doctor.metadata.version", version)
    found = document("doctor", exit_code=1)
    [numpy] = [look for look in found["looks"] if not look["fine"]]
    assert (numpy["name"], numpy["fix"]) == ("numpy", "pip install 'numpy>=1.26'")
    assert "pip install 'numpy>=1.26'" in dibs("doctor").stdout


def test_a_package_that_is_too_old_fails(document, monkeypatch):
    real = metadata.version
    monkeypatch.setattr("dibs.cli.doctor.metadata.version", lambda name: "1.25.9" if name == "numpy" else real(name))
    found = document("doctor", exit_code=1)
    assert [look["name"] for look in found["looks"] if not look["fine"]] == ["numpy"]


def test_a_folder_that_cannot_be_written_is_noted(document, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("dibs.cli.doctor.tempfile.TemporaryDirectory", refuse)
    [writing] = [look for look in document("doctor")["looks"] if look["name"] == "writing"]
    assert not writing["fine"]
