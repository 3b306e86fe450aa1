"""The report: one HTML file that a stranger understands, made from what a run left behind.

`build` reads the run folder, makes a view of each question (one module each), and fills one template.  Pictures are
drawn here as SVG and boxes whose places are numbers of days, so they are there without a script, on paper and in an
e-mail; the small script adds zooming, the cursor and the reasons behind a cell.
"""

from dibs.report.page import build

__all__ = ["build"]
