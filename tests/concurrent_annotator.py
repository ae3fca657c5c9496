"""One of several processes that ask and tell on one campaign: FOLDER NAME ASKS."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from simulated_annotators import light_campaign, true_label


def main() -> None:
    folder, name, asks = sys.argv[1:]
    with light_campaign(Path(folder)) as campaign:
        print("ready", flush=True)
        sys.stdin.readline()
        first = campaign.batches()[0]
        asked = []
        for _ in range(int(asks)):
            batch = campaign.ask(2)
            asked.append(batch.ids)
            campaign.tell(
                batch.batch_id, {pair: true_label(pair) for pair in batch.ids}, annotator=name
            )
            campaign.tell(
                first.batch_id, {pair: true_label(pair) for pair in first.ids}, annotator=name
            )
    print(json.dumps(asked))


if __name__ == "__main__":
    main()
