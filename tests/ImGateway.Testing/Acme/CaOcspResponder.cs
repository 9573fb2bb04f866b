using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Testing;

/// <summary>OCSP over plain HTTP by GET and POST (RFC 6960 appendix A).</summary>
sealed class CaOcspResponder(CaState state, CaIssuer issuer)
{
    const int RequestLimit = 4096;
    const string Prefix = "/ocsp/";

    static readonly byte[] TryLater = [0x30, 0x03, 0x0A, 0x01, 0x03];

    int _requests;

    public CaOcsp Mode { get; set; }

    public int Requests => _requests;

    public async Task HandleAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        if (Mode is CaOcsp.Slow) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        if (Mode is CaOcsp.ServerError)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        var request = await ReadAsync(context);
        context.Response.ContentType = "application/ocsp-response";
        await context.Response.Body.WriteAsync(Answer(request), context.RequestAborted);
    }

    byte[] Answer(byte[] request)
    {
        if (Mode is CaOcsp.Garbage) return "certainly good"u8.ToArray();
        if (Mode is CaOcsp.TryLater) return TryLater;
        var id = CaOcspCertificateId.ReadFrom(request);
        lock (state.Lock)
        {
            var certificate = state.Certificates.Values.FirstOrDefault(certificate => certificate.Leaf.SerialNumberBytes.Span.SequenceEqual(id.Serial));
            var signer = Mode is CaOcsp.OtherSigner || certificate is null ? issuer.Stranger : certificate.Issuer;
            // A day before now, so that a stale answer can be of the past altogether.
            var thisUpdate = Mode is CaOcsp.Stale ? state.Now - state.Options.OcspLifetime - TimeSpan.FromDays(1) : state.Now;
            return new CaOcspResponse
            {
                CertificateId = Mode is CaOcsp.OtherCertificate ? id.WithOtherSerial() : id.Encoded,
                Status = Mode is CaOcsp.Unknown || certificate is null ? CaOcspStatus.Unknown
                    : Mode is CaOcsp.Revoked || certificate.Revoked is not null ? CaOcspStatus.Revoked
                    : CaOcspStatus.Good,
                Revoked = certificate?.Revoked ?? thisUpdate,
                Reason = certificate?.RevocationReason ?? 0,
                ThisUpdate = thisUpdate,
                NextUpdate = thisUpdate + state.Options.OcspLifetime,
            }.Sign(signer);
        }
    }

    static async Task<byte[]> ReadAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            // From the raw target: a decoded path has lost which slashes were the base64's own.
            var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            return Convert.FromBase64String(Uri.UnescapeDataString(target[Prefix.Length..]));
        }

        using var buffer = new MemoryStream();
        if (context.Request.ContentLength is > 0 and <= RequestLimit) await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        return buffer.ToArray();
    }
}
