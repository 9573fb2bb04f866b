using System.Buffers.Text;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Testing;

/// <summary>A certificate that a <see cref="ScriptableCa"/> issued.</summary>
public sealed class CaCertificate
{
    internal CaCertificate(string id, CaAccount account, X509Certificate2 leaf, CaSigner issuer)
    {
        Id = id;
        Account = account;
        Leaf = leaf;
        Issuer = issuer;
        var authority = leaf.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value;
        RenewalId = $"{Base64Url.EncodeToString(authority.Span)}.{Base64Url.EncodeToString(leaf.SerialNumberBytes.Span)}";
    }

    public X509Certificate2 Leaf { get; }

    public required IReadOnlyList<string> Hosts { get; init; }

    public required string Chain { get; init; }

    /// <summary>The same leaf with the intermediates up to the other root.</summary>
    public required string AlternateChain { get; init; }

    public string? Profile { get; init; }

    /// <summary>The identifier of the certificate that the order said it replaces.</summary>
    public string? Replaces { get; init; }

    public bool WasReplaced { get; internal set; }

    public DateTimeOffset? Revoked { get; internal set; }

    public int? RevocationReason { get; internal set; }

    public string SerialNumber => Leaf.SerialNumber;

    public DateTimeOffset NotBefore => new(Leaf.NotBefore.ToUniversalTime());

    public DateTimeOffset NotAfter => new(Leaf.NotAfter.ToUniversalTime());

    /// <summary>RFC 9773 §4.1.</summary>
    public string RenewalId { get; }

    internal string Id { get; }

    internal CaAccount Account { get; }

    internal CaSigner Issuer { get; }
}
