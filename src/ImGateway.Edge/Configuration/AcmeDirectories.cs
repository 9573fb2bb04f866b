namespace ImGateway.Edge.Configuration;

/// <summary>CAs with a short name in <c>Acme:Directory</c>.</summary>
static class AcmeDirectories
{
    public const string Remedy = "write letsencrypt, letsencrypt-staging, zerossl or the https URL of a CA's directory";
    public const string ZeroSsl = "zerossl";

    const string LetsEncryptTerms = "https://letsencrypt.org/repository/";

    static readonly Known[] All =
    [
        new("letsencrypt", "https://acme-v02.api.letsencrypt.org/directory", LetsEncryptTerms, ["letsencrypt.org"]),
        new("letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory", LetsEncryptTerms, ["letsencrypt.org"]),
        new(ZeroSsl, "https://acme.zerossl.com/v2/DV90", "https://zerossl.com/terms/", ["sectigo.com"]),
    ];

    /// <summary>Null if <paramref name="directory"/> is neither a name nor an https URL.</summary>
    public static Uri? UrlOf(string directory) => Find(directory) is { } known
        ? new Uri(known.Url)
        : Uri.TryCreate(directory, UriKind.Absolute, out var url) && url is { Scheme: "https", UserInfo: "", Fragment: "", Host.Length: > 0 } ? url : null;

    /// <summary>The directory in which the same CA issues untrusted certificates, for dry runs; null if none is known.</summary>
    public static Uri? StagingOf(string directory) => Find(directory)?.Name.StartsWith("letsencrypt", StringComparison.Ordinal) == true ? new Uri(All[1].Url) : null;

    /// <summary>The URL of the terms that <c>AcceptTermsOfService</c> agrees to.</summary>
    public static string TermsOf(string directory) => Find(directory)?.Terms ?? "the URL that the directory gives as termsOfService";

    /// <summary>Whether the CA issues only for names and addresses of the public Internet (CA/Browser Forum Baseline Requirements 4.2.2).</summary>
    public static bool IsPublic(string directory) => Find(directory) is not null;

    public static bool IsLetsEncrypt(string directory) => StagingOf(directory) is not null;

    /// <summary>The CA's identities in CAA records, for use while its directory is unreachable (RFC 8555 §9.7.6); empty for an unknown CA.</summary>
    public static IReadOnlyList<string> CaaIdentitiesOf(string directory) => Find(directory)?.CaaIdentities ?? [];

    // A known CA may also be configured by its URL.
    static Known? Find(string directory) => Array.Find(All, known =>
        known.Name.Equals(directory, StringComparison.OrdinalIgnoreCase)
        || (Uri.TryCreate(directory, UriKind.Absolute, out var url) && url.Equals(new Uri(known.Url))));

    sealed record Known(string Name, string Url, string Terms, IReadOnlyList<string> CaaIdentities);
}
