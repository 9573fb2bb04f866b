using ARSoft.Tools.Net.Dns;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>One property of a CAA record set (RFC 8659 §4.1).</summary>
/// <param name="Critical">The issuer critical flag: a CA that does not know the tag must not issue.</param>
sealed record CaaRecord(bool Critical, string Tag, string Value)
{
    static readonly string[] Known = ["issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"];

    public static CaaRecord Of(CAARecord record) => new((record.Flags & 0x80) != 0, record.Tag.ToLowerInvariant(), record.Value);

    /// <summary>Why a CA may not issue under <paramref name="records"/>; null if it may.</summary>
    /// <param name="identities">The CA's identities; if empty, every name in a record counts as another CA's.</param>
    /// <param name="challenges">The challenge types that would be used (RFC 8657 §4).</param>
    public static string? Forbids(IReadOnlyList<CaaRecord> records, bool wildcard, IReadOnlyList<string> identities, IReadOnlyList<string> challenges)
    {
        if (records.FirstOrDefault(record => record.Critical && !Known.Contains(record.Tag, StringComparer.Ordinal)) is { } unknown) return $"has the critical property {unknown.Tag}, which CAs may not know";

        // RFC 8659 §4.3: wildcards are governed by issuewild, or by issue if there is no issuewild.
        var relevant = wildcard && records.Any(record => record.Tag == "issuewild") ? "issuewild" : "issue";
        var issuers = records.Where(record => record.Tag == relevant).Select(record => record.Value.Split(';', StringSplitOptions.TrimEntries)).ToList();
        if (issuers.Count == 0) return null;
        var ours = issuers.Where(issuer => identities.Contains(issuer[0], StringComparer.OrdinalIgnoreCase)).ToList();
        if (ours.Count == 0) return $"lets issue {string.Join(", ", issuers.Select(issuer => issuer[0].Length == 0 ? "nobody" : issuer[0]).Distinct())}";
        return ours.Any(issuer => Methods(issuer) is not { } methods || challenges.Any(challenge => methods.Contains(challenge, StringComparer.OrdinalIgnoreCase)))
            ? null
            : $"lets {ours[0][0]} issue after {string.Join(", ", ours.SelectMany(issuer => Methods(issuer) ?? []).Distinct())} alone";
    }

    static string[]? Methods(string[] issuer) => issuer.Skip(1).Select(parameter => parameter.Split('=', 2, StringSplitOptions.TrimEntries))
        .Where(parameter => parameter is [var name, _] && name.Equals("validationmethods", StringComparison.OrdinalIgnoreCase))
        .Select(parameter => parameter[1].Split(',', StringSplitOptions.TrimEntries)).FirstOrDefault();
}
