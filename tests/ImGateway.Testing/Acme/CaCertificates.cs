using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace ImGateway.Testing;

/// <summary>Download, revocation (RFC 8555 §7.4.2, §7.6) and renewal information (RFC 9773 §4).</summary>
sealed class CaCertificates(CaState state)
{
    // As a fraction of the lifetime, each side of a third left.
    const double HalfWindow = 0.01;

    public CaAnswer Download(CaCall call)
    {
        call.RequirePostAsGet();
        if (!state.Certificates.TryGetValue(call.Id, out var certificate)) throw CaProblemException.NotFound("certificate");
        if (certificate.Account != call.RequiredAccount) throw new CaProblemException("unauthorized", "This is somebody else's certificate.", 403);
        var chain = call.Action == "alternate" ? certificate.AlternateChain : certificate.Chain;
        return new CaAnswer(200)
        {
            ContentType = "application/pem-certificate-chain",
            Body = call.Fault is DownloadFault fault ? fault.Change(chain) : chain,
            Links = call.Action == "alternate" ? [] : [$"<{state.Url($"certificate/{certificate.Id}/alternate")}>;rel=\"alternate\""],
        };
    }

    public CaAnswer Revoke(CaCall call)
    {
        var payload = call.RequiredPayload;
        var certificate = Find(Base64Url.DecodeFromChars(payload.GetProperty("certificate").GetString()));
        var allowed = call.Account is { } account
            ? certificate.Account == account
            : certificate.Leaf.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(call.Key!.SubjectPublicKeyInfo);
        if (!allowed) throw new CaProblemException("unauthorized", "Neither the certificate's account nor its key asks for this.", 403);
        if (certificate.Revoked is not null) throw new CaProblemException("alreadyRevoked", "The certificate is revoked.");
        var reason = payload.TryGetProperty("reason", out var given) ? given.GetInt32() : 0;
        if (reason is not (0 or 1 or 3 or 4 or 5)) throw new CaProblemException("badRevocationReason", $"A subscriber can't give reason {reason}.");
        certificate.Revoked = state.Now;
        certificate.RevocationReason = reason;
        return new CaAnswer(200);
    }

    public CaAnswer ShowRenewalInfo(CaCall call)
    {
        var certificate = state.Options.OffersRenewalInfo
            ? state.Certificates.Values.SingleOrDefault(certificate => certificate.RenewalId == call.Id)
            : null;
        if (certificate is null) throw CaProblemException.NotFound("certificate");
        var window = WindowOf(state, certificate);
        var json = new JsonObject
        {
            ["suggestedWindow"] = new JsonObject { ["start"] = Text(window.Start), ["end"] = Text(window.End) },
        };
        if (window.Explanation is not null) json["explanationURL"] = window.Explanation.AbsoluteUri;
        return CaAnswer.Of(json) with { RetryAfter = CaAnswer.Seconds(state.Options.RenewalInfoRetryAfter) };
    }

    public static CaWindow WindowOf(CaState state, CaCertificate certificate)
    {
        if (state.Windows.TryGetValue(certificate.SerialNumber, out var moved)) return moved;
        // A revoked certificate is to be replaced at once: its window is past.
        if (certificate.Revoked is { } revoked) return new(revoked.AddHours(-2), revoked.AddHours(-1), Explanation: null);
        if (state.Options.SuggestsRenewalAtOnce) return new(certificate.NotBefore.AddDays(-1), certificate.NotAfter, Explanation: null);
        var lifetime = certificate.NotAfter - certificate.NotBefore;
        var middle = certificate.NotAfter - lifetime / 3;
        return new(middle - lifetime * HalfWindow, middle + lifetime * HalfWindow, Explanation: null);
    }

    CaCertificate Find(byte[] der)
    {
        try
        {
            using var given = X509CertificateLoader.LoadCertificate(der);
            return state.Certificates.Values.SingleOrDefault(certificate => certificate.Leaf.RawDataMemory.Span.SequenceEqual(given.RawDataMemory.Span))
                ?? throw CaProblemException.NotFound("certificate");
        }
        catch (CryptographicException e)
        {
            throw CaProblemException.Malformed(e.Message);
        }
    }

    static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ");
}
