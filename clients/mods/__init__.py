"""Flower mods for ClientApps of any framework: `@app.train(mods=[signing(…), consent(…), budget(…), tenant_noise(…)])`.

The first is the outermost. Each may be used alone; where several are, they come in this order:

    signing        sees what really leaves, and turns what fails inside into a signed refusal
    consent        refuses before anything else runs
    budget         reserves before the app trains
    clipping       or
    tenant_noise   changes what the app returns, before anybody outside has seen it
"""

from flowstate_flower.clients.mods.asking import budget, consent
from flowstate_flower.clients.mods.declared import Declared
from flowstate_flower.clients.mods.leaving import clipping, signing, tenant_noise

__all__ = ["Declared", "budget", "clipping", "consent", "signing", "tenant_noise"]
