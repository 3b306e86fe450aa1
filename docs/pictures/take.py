"""Take the pictures of the README from a run's report: `python docs/pictures/take.py out/stargate /usr/bin/chromium`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

MARGIN = 24


def main(run: Path, browser: str) -> None:
    """One picture in light and one in dark, of the first question."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        for scheme in ("light", "dark"):
            page = chromium.new_context(viewport={"width": 1180, "height": 2400}, color_scheme=scheme, device_scale_factor=1.5).new_page()
            page.goto((run / "report.html").resolve().as_uri())
            box = page.locator("#capacity").bounding_box()
            figures = page.locator("#capacity details").first.bounding_box()
            area = {
                "x": box["x"] - MARGIN,
                "y": box["y"],
                "width": box["width"] + 2 * MARGIN,
                "height": figures["y"] - box["y"],
            }
            page.screenshot(path=Path(__file__).with_name(f"capacity-{scheme}.png"), clip=area)
        chromium.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
