using System.Net;
using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>A name or address that a certificate is valid for.</summary>
/// <param name="Type"><c>dns</c>, <c>ip</c> (RFC 8738), or another type from a CA.</param>
/// <param name="Value">A DNS name, possibly a wildcard (<c>*.</c>), or an address.</param>
public sealed record AcmeIdentifier(string Type, string Value)
{
    /// <summary>A DNS name in ASCII, or a wildcard name.</summary>
    public static AcmeIdentifier Dns(string name) => new("dns", name.TrimEnd('.').ToLowerInvariant());

    /// <summary>An address in the form of RFC 5952, without a zone.</summary>
    public static AcmeIdentifier Ip(IPAddress address) => new("ip", new IPAddress(address.GetAddressBytes()).ToString());

    public static AcmeIdentifier For(string nameOrAddress)
    {
        // .NET parses "1" and "1.2" as addresses too.
        var looksLikeAddress = nameOrAddress.Contains(':') || nameOrAddress.AsSpan().Count('.') == 3;
        return looksLikeAddress && IPAddress.TryParse(nameOrAddress, out var address) ? Ip(address) : Dns(nameOrAddress);
    }

    public override string ToString() => Value;

    internal static AcmeIdentifier Parse(JsonFields fields) =>
        new(fields.RequiredText("type"), fields.RequiredText("value"));
}
