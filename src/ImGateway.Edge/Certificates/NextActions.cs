using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>What comes next, by source. Pure.</summary>
static class NextActions
{
    public const string Renew = "renew";
    public const string Rotate = "rotate";
    public const string None = "none";

    public static NextAction Of(ServedCredential served, EdgeOptions options, DateTimeOffset now)
    {
        var (credential, maxAge) = (served.Credential, options.Certificates.MaxAge);
        if (options.Certificates.Source == CertificateSource.SelfSigned && served.Source != ServedCredential.Files)
        {
            return served.ByHand
                ? new(Renew, credential.NotAfter, "self-signed once it expires")
                : new(Renew, RenewalPolicy.Next(credential, maxAge).At, "self-signed");
        }

        if (now > credential.NotAfter) return new(None, At: null, "expired");
        var byAge = credential.NotBefore + maxAge;
        return byAge < credential.NotAfter ? new(Rotate, byAge, "MaxAge") : new(Rotate, credential.NotAfter, "expiry");
    }
}
