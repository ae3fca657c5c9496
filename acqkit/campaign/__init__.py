"""Campaigns: ask which pairs to label next, tell their labels, over days and processes."""

from acqkit.campaign.answers import SKIP as SKIP
from acqkit.campaign.answers import Label as Label
from acqkit.campaign.answers import Skip as Skip
from acqkit.campaign.batch import Batch as Batch
from acqkit.campaign.batch import CampaignStatus as CampaignStatus
from acqkit.campaign.campaign import Campaign as Campaign
from acqkit.campaign.training import Trained as Trained
