"""What a browser calls itself, in words; and the network of an address, which changes less often than the address. Pure."""

from ipaddress import ip_address, ip_network

#: What stands in the name -> what it is called; the first that is found holds, for many name others too.
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("MicroMessenger", "WeChat"),
            ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"),
            ("Safari", "Safari"))  # fmt: skip
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("HarmonyOS", "HarmonyOS"), ("Windows", "Windows"),
           ("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip


def agent_named(agent: str) -> str:
    """Browser and system, as far as they are known: `Firefox, Windows`; empty where neither is."""
    found = (next((name for mark, name in names if mark in agent), "") for names in (BROWSERS, SYSTEMS))
    return ", ".join(name for name in found if name)


def network_of(place: str) -> str:
    """The network that an address is probably of: a /16 of IPv4, a /32 of IPv6, as providers have them."""
    try:
        address = ip_address(place)
    except ValueError:
        return place
    return str(ip_network((address, 16 if address.version == 4 else 32), strict=False))
