"""The scorer `ascmr`: how informative a pair is, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from acqkit import Component, PairEmbeddings, RoundContext, Scores
from acqkit.embeddings import FloatArray
from acqkit.errors import EmbeddingError
from acqkit.interfaces import EmbeddingClassifier
from acqkit.models import as_tensor
from acqkit_ascmr.head import PairHead, fit_pair_head
from acqkit_ascmr.informativeness import Integral, Weights, information, total_variance
from acqkit_ascmr.integrals import SigmoidIntegral, SoftmaxIntegral
from acqkit_ascmr.points import common_noise
from acqkit_ascmr.predictive import Predictive, bernoulli_entropy, categorical_entropy

Kind = Literal["information", "match", "geometric"]
_ROUNDING = 1e-5
"""What a probability may be off by, since classifiers compute in float32."""
_SENTENCES = {
    "inter": "Its modalities disagree.",
    "intra": "Each of its modalities is unsure by itself.",
    "mismatch": "It is doubtful that its modalities belong together.",
}
"""What people are told of a pair in which the term is the largest of these."""


class Ascmr(Component):
    """ASCMR's probabilistic informativeness, split into intra- and inter-modality terms.

    Kinds: `information`, what a label would tell (needs a classifier; until there is one,
    `geometric` takes its place); `match`, how doubtful it is that the two modalities belong
    together, plus their dispersions; `geometric`, the log-volume of the pair's spread.

    Source: Active Supervised Cross-Modal Retrieval, TPAMI 2025,
    doi 10.1109/TPAMI.2025.3550526.
    """

    kind: Kind = Field("information", description="which informativeness")
    expected_entropy: float = Field(
        1.0,
        ge=0,
        description="weight of the expected entropy; 0: the information alone, 1: all that is "
        "uncertain about the pair's classes",
    )
    nodes: int = Field(12, ge=2, le=64, description="quadrature nodes of a sigmoid")
    points: int = Field(64, ge=16, description="quasi-random points of a softmax")
    samples: int = Field(32, ge=2, description="samples for a classifier that is not linear")
    hidden: int = Field(64, ge=1, description="width of the head's networks")
    steps: int = Field(100, ge=0, description="training steps of the head")
    wasserstein: float = Field(0.1, ge=0, description="weight of the 2-Wasserstein term")
    prior: float = Field(0.1, ge=0, description="weight of the KL term")

    def prepare(self, context: RoundContext) -> PreparedAscmr:
        """Fit the probabilistic head where the model gives no variances or matching is asked."""
        kind = self._kind(context.embeddings)
        head = None
        if kind == "match" or context.embeddings.a.variance is None:
            head = fit_pair_head(
                context,
                hidden=self.hidden,
                steps=self.steps,
                wasserstein=self.wasserstein,
                prior=self.prior,
            )
        return PreparedAscmr(self, kind, head, self._integral(context), context.device)

    def score(self, block: PairEmbeddings, context: RoundContext) -> Scores:
        """Informativeness of a block by itself; prepares anew, so prefer `prepare` for many."""
        return self.prepare(context).score(block, context)

    def _kind(self, embeddings: PairEmbeddings) -> Kind:
        no_classifier = embeddings.a.probabilities is None
        return "geometric" if self.kind == "information" and no_classifier else self.kind

    def _integral(self, context: RoundContext) -> Integral:
        classifier = context.embeddings.classifier
        if classifier is not None and context.embeddings.multilabel:
            return SigmoidIntegral(classifier, self.nodes, context.device)
        if classifier is not None:
            return SoftmaxIntegral(classifier, self.points, context.device)
        if isinstance(context.model, EmbeddingClassifier):
            return SampledIntegral(
                context.model.classify, self.samples, context.embeddings.multilabel
            )
        return _no_classifier


@dataclass(frozen=True, eq=False)
class SampledIntegral:
    """A classifier that is not linear: antithetic samples of the embedding, block by block."""

    classify: Callable[[FloatArray], FloatArray]
    samples: int
    multilabel: bool

    def __call__(self, mean: Tensor, variance: Tensor) -> Predictive:
        """Integrate over N(mean, diag variance): mean `[k, d]`, variance `[k, d]` or `[k, 1]`.

        Raises EmbeddingError where the classifier's values are not probabilities.
        """
        noise = common_noise(max(1, self.samples // 2), mean.shape[1]).to(mean.device)
        entropy = bernoulli_entropy if self.multilabel else categorical_entropy
        spread = variance.sqrt()
        draws = [
            self._probabilities(mean + sign * spread * e) for e in noise for sign in (1.0, -1.0)
        ]
        probabilities = torch.stack(draws)
        return Predictive(probabilities.mean(dim=0), entropy(probabilities).mean(dim=0))

    def _probabilities(self, points: Tensor) -> Tensor:
        classified = np.asarray(self.classify(points.cpu().numpy()))
        p = torch.from_numpy(classified).to(points.device)
        if not (p.min() >= -_ROUNDING and p.max() <= 1 + _ROUNDING):
            raise EmbeddingError(
                f"the model's `classify` gave values from {float(p.min()):.3g} to "
                f"{float(p.max()):.3g}, wanted probabilities from 0 to 1; does it return logits?"
            )
        return p.clamp(0, 1)


def _no_classifier(mean: Tensor, variance: Tensor) -> Predictive:
    raise AssertionError("information is not asked for without a classifier")


@dataclass(frozen=True, eq=False)
class PreparedAscmr:
    """The scorer with what it learned from the whole pool."""

    params: Ascmr
    kind: Kind
    head: PairHead | None
    integral: Integral
    device: str = "cpu"

    def score(self, block: PairEmbeddings, context: RoundContext) -> Scores:
        """Informativeness `[k]` with the terms it is the sum of."""
        variances = self._variances(block)
        if self.kind == "information":
            terms = self._information(block, *variances)
        elif self.kind == "match":
            terms = self._match(block, *variances)
        else:
            return self._geometric(block, *variances)
        total = sum(terms.values(), start=torch.zeros(len(block), device=self.device))
        return _scores(total, terms)

    def _variances(self, block: PairEmbeddings) -> tuple[Tensor, Tensor]:
        if self.head is not None:
            return self.head.variances(block)
        # Without a head both modalities have variances of their own.
        a, b = (as_tensor(cast(FloatArray, side.variance), self.device) for side in block.sides)
        return a, b

    def _information(
        self, block: PairEmbeddings, var_a: Tensor, var_b: Tensor
    ) -> dict[str, Tensor]:
        of_a, of_b = (
            self.integral(as_tensor(side.mean, self.device).float(), variance)
            for side, variance in zip(block.sides, (var_a, var_b), strict=True)
        )
        intra, inter, expected = information(block, of_a, of_b)
        terms = {"intra": intra, "inter": inter}
        if self.params.expected_entropy:
            terms["expected entropy"] = self.params.expected_entropy * expected
        return terms

    def _match(self, block: PairEmbeddings, var_a: Tensor, var_b: Tensor) -> dict[str, Tensor]:
        assert self.head is not None  # prepare has fitted one
        intra, inter = total_variance(block, var_a, var_b)
        weights = Weights.of(block, intra.device)
        both = (weights.a * weights.b) > 0
        mismatch = (1 - self.head.match_probability(block)) * both
        intra, inter = (part.mean(dim=1) / self.head.scale**2 for part in (intra, inter))
        return {"mismatch": mismatch, "intra": intra, "inter": inter}

    def _geometric(self, block: PairEmbeddings, var_a: Tensor, var_b: Tensor) -> Scores:
        intra, inter = total_variance(block, var_a, var_b)
        volume = 0.5 * (intra + inter).log().sum(dim=1)
        share = inter / (intra + inter)
        # What a pair's log-volume owes to the disagreement of the modalities, and the rest.
        return _scores(volume, {"inter share": share.mean(dim=1)})


def _scores(total: Tensor, terms: dict[str, Tensor]) -> Scores:
    sentences = {name: text for name, text in _SENTENCES.items() if name in terms}
    columns = {name: term.cpu().numpy() for name, term in terms.items()}
    return Scores(total.cpu().numpy(), columns, sentences)
