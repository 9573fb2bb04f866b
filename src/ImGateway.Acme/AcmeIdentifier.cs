using System.Net;
using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>What a certificate is to be valid for.</summary>
/// <param name="Type"><c>dns</c>, <c>ip</c> (RFC 8738), or what a CA may add.</param>
/// <param name="Value">A name, perhaps with <c>*.</c> before it, or an address.</param>
public sealed record AcmeIdentifier(string Type, string Value)
{
    /// <summary>A host name in ASCII, or <c>*.</c> and one.</summary>
    public static AcmeIdentifier Dns(string name) => new("dns", name.TrimEnd('.').ToLowerInvariant());

    /// <summary>In the form of RFC 5952, without a zone.</summary>
    public static AcmeIdentifier Ip(IPAddress address) => new("ip", new IPAddress(address.GetAddressBytes()).ToString());

    public static AcmeIdentifier For(string nameOrAddress)
    {
        // .NET reads "1" and "1.2" as addresses too.
        var looksLikeAddress = nameOrAddress.Contains(':') || nameOrAddress.AsSpan().Count('.') == 3;
        return looksLikeAddress && IPAddress.TryParse(nameOrAddress, out var address) ? Ip(address) : Dns(nameOrAddress);
    }

    public override string ToString() => Value;

    internal static AcmeIdentifier Parse(JsonFields fields) =>
        new(fields.RequiredText("type"), fields.RequiredText("value"));
}
