using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>
/// The name constraints of the development CA (RFC 5280 §4.2.1.10): with a stolen CA key, only these hosts can be forged. .NET has no builder for the extension.
/// </summary>
/// <param name="Domains">Each permits itself and its subdomains.</param>
sealed record NameConstraints(IReadOnlyList<string> Domains, IReadOnlyList<IPAddress> Addresses)
{
    const string Oid = "2.5.29.30";

    static readonly Asn1Tag Permitted = new(TagClass.ContextSpecific, 0, isConstructed: true);
    static readonly Asn1Tag Excluded = new(TagClass.ContextSpecific, 1, isConstructed: true);
    static readonly Asn1Tag DnsName = new(TagClass.ContextSpecific, 2);
    static readonly Asn1Tag IpAddress = new(TagClass.ContextSpecific, 7);

    readonly Lazy<HashSet<string>> _domains = new(() => Domains.ToHashSet(StringComparer.Ordinal));

    public static NameConstraints For(IReadOnlyList<HostName> hosts) => new(
        [.. hosts.Where(host => !host.IsAddress).Select(host => host.Domain).Distinct(StringComparer.Ordinal)],
        [.. hosts.Where(host => host.IsAddress).Select(host => IPAddress.Parse(host.Value)).Distinct()]);

    public bool Permit(HostName host)
    {
        if (host.IsAddress) return Addresses.Contains(IPAddress.Parse(host.Value));
        // The name, then each domain above it.
        for (var name = host.Domain; ; name = name[(name.IndexOf('.') + 1)..])
        {
            if (_domains.Value.Contains(name)) return true;
            if (!name.Contains('.')) return false;
        }
    }

    public X509Extension ToExtension()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(Permitted))
            {
                foreach (var domain in Domains) Subtree(writer, domain);
                foreach (var address in Addresses) Subtree(writer, address, mask: 0xFF);
            }

            // A name type without a subtree would be unconstrained.
            if (Domains.Count == 0 || Addresses.Count == 0)
            {
                using (writer.PushSequence(Excluded))
                {
                    if (Domains.Count == 0) Subtree(writer, "");
                    foreach (var all in Addresses.Count == 0 ? [IPAddress.Any, IPAddress.IPv6Any] : Array.Empty<IPAddress>())
                    {
                        Subtree(writer, all, mask: 0x00);
                    }
                }
            }
        }

        return new X509Extension(Oid, writer.Encode(), critical: true);
    }

    /// <summary>Null if the certificate has no name constraints, or constraints of an unknown form.</summary>
    public static NameConstraints? Of(X509Certificate2 certificate)
    {
        if (certificate.Extensions.FirstOrDefault(extension => extension.Oid?.Value == Oid) is not { } extension) return null;
        List<string> domains = [];
        List<IPAddress> addresses = [];
        var permitted = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence().ReadSequence(Permitted);
        while (permitted.HasData)
        {
            var name = permitted.ReadSequence();
            var tag = name.PeekTag();
            if (tag.HasSameClassAndValue(DnsName)) domains.Add(name.ReadCharacterString(UniversalTagNumber.IA5String, DnsName));
            else if (tag.HasSameClassAndValue(IpAddress)) addresses.Add(AddressOf(name.ReadOctetString(IpAddress)));
            else return null;
        }

        return new NameConstraints(domains, addresses);
    }

    static IPAddress AddressOf(byte[] addressAndMask) => new(addressAndMask.AsSpan(0, addressAndMask.Length / 2));

    static void Subtree(AsnWriter writer, string domain)
    {
        using (writer.PushSequence()) writer.WriteCharacterString(UniversalTagNumber.IA5String, domain, DnsName);
    }

    /// <summary>Address followed by mask. Mask FF permits this address only, 00 every address of the family.</summary>
    static void Subtree(AsnWriter writer, IPAddress address, byte mask)
    {
        var bytes = address.GetAddressBytes();
        using (writer.PushSequence()) writer.WriteOctetString([.. bytes, .. Enumerable.Repeat(mask, bytes.Length)], IpAddress);
    }
}
