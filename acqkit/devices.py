"""The devices of torch, checked where their names come in."""

from __future__ import annotations

from acqkit.errors import ConfigError


def check_device(device: object) -> None:
    """Raise ConfigError unless torch can work on the device of this name here."""
    if device == "cpu":
        return
    if not isinstance(device, str):
        raise ConfigError(f"the device is {device!r}, wanted a name such as 'cpu' or 'cuda:0'")
    # torch takes seconds to import, for which nobody needs to wait on a CPU.
    import torch  # noqa: PLC0415

    try:
        torch.zeros(1, device=device).tolist()
    except Exception as error:  # noqa: BLE001 - each kind of device fails in its own way
        reason = f"{error}".strip().partition("\n")[0][:160].rstrip(".")
        raise ConfigError(
            f"the device {device!r} cannot be used here ({reason}); give another one, such as "
            "--device cpu"
        ) from None
