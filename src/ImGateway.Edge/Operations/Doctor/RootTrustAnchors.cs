using System.Net;
using ARSoft.Tools.Net.Dns;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>
/// The DNSSEC trust anchors of the root zone, as IANA publishes them (data.iana.org/root-anchors). The library has only the key of 2017,
/// which the key of 2024 replaces.
/// </summary>
sealed class RootTrustAnchors(IReadOnlyList<DsRecord> keys) : IResolverHintStore
{
    public static RootTrustAnchors OfIana { get; } = new(
    [
        Key(20326, "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"),
        Key(38696, "683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"),
    ]);

    /// <summary>Empty, because queries go only to the machine's name servers.</summary>
    public IReadOnlyList<IPAddress> RootServers => [];

    IReadOnlyList<DsRecord> IResolverHintStore.RootKeys => keys;

    static DsRecord Key(ushort tag, string digest) =>
        new(ARSoft.Tools.Net.DomainName.Root, RecordClass.INet, 0, tag, DnsSecAlgorithm.RsaSha256, DnsSecDigestType.Sha256, Convert.FromHexString(digest));
}
