using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ImGateway.Testing;

/// <summary>A name or an address to certify. <paramref name="Value"/> is as ordered, the wildcard's star included.</summary>
sealed record CaIdentifier(string Type, string Value)
{
    public bool IsWildcard => Value.StartsWith("*.", StringComparison.Ordinal);

    /// <summary>What is validated: the name without its star.</summary>
    public string Base => IsWildcard ? Value[2..] : Value;

    /// <summary>Addresses are asked for by their reverse name, which is what SNI can carry (RFC 8738 §6).</summary>
    public string ServerName
    {
        get
        {
            if (Type != "ip") return Base;
            var address = IPAddress.Parse(Value);
            var bytes = address.GetAddressBytes().Reverse();
            return address.AddressFamily == AddressFamily.InterNetwork
                ? string.Join('.', bytes) + ".in-addr.arpa"
                : string.Join('.', bytes.SelectMany(b => new[] { $"{b & 15:x}", $"{b >> 4:x}" })) + ".ip6.arpa";
        }
    }

    public static CaIdentifier For(string host) =>
        IPAddress.TryParse(host, out var address) ? new("ip", address.ToString()) : new("dns", host);

    /// <exception cref="CaProblemException">Not an identifier this CA would certify.</exception>
    public static CaIdentifier Parse(JsonElement json)
    {
        var type = json.GetProperty("type").GetString();
        var value = json.GetProperty("value").GetString() ?? "";
        var good = type switch
        {
            "dns" => Uri.CheckHostName(value.StartsWith("*.", StringComparison.Ordinal) ? value[2..] : value) == UriHostNameType.Dns
                && value.All(letter => char.IsAscii(letter) && !char.IsAsciiLetterUpper(letter)),
            "ip" => IPAddress.TryParse(value, out var address) && address.ToString() == value,
            _ => throw new CaProblemException("unsupportedIdentifier", $"Identifiers of type {type} are not certified."),
        };
        return good ? new(type, value) : throw new CaProblemException("rejectedIdentifier", $"Not a name to certify: {value}");
    }

    public JsonObject ToJson() => new() { ["type"] = Type, ["value"] = Base };

    public JsonObject ToOrderJson() => new() { ["type"] = Type, ["value"] = Value };
}
