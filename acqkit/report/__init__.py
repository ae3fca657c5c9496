"""One self-contained HTML page about one or several runs."""

from acqkit.report.collect import collect as collect
from acqkit.report.data import ReportData as ReportData
from acqkit.report.render import render_report as render_report
from acqkit.report.write import write_report as write_report
