using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>The renewal window that the CA suggests for a certificate (RFC 9773 §4.2).</summary>
/// <param name="WindowStart">Start of the window. A window in the past means: renew now.</param>
/// <param name="WindowEnd">End of the window, after <paramref name="WindowStart"/>.</param>
/// <param name="Explanation">A page that explains the suggestion, if the CA has one.</param>
/// <param name="RetryAfter">How long to wait before the next request: clamped to a minute to a day. Default six hours.</param>
public sealed record RenewalInfo(DateTimeOffset WindowStart, DateTimeOffset WindowEnd, Uri? Explanation, TimeSpan RetryAfter)
{
    static readonly TimeSpan ShortestRetry = TimeSpan.FromMinutes(1);
    static readonly TimeSpan LongestRetry = TimeSpan.FromDays(1);
    static readonly TimeSpan DefaultRetry = TimeSpan.FromHours(6);

    internal static RenewalInfo Parse(AcmeResponse response)
    {
        var fields = response.Fields();
        var window = fields.RequiredObject("suggestedWindow");
        var (start, end) = (window.RequiredDate("start"), window.RequiredDate("end"));
        if (end <= start) throw response.Failure("its window ends before it starts");
        var explanation = Uri.TryCreate(fields.Text("explanationURL"), UriKind.Absolute, out var page)
            && (page.Scheme == Uri.UriSchemeHttps || page.Scheme == Uri.UriSchemeHttp) ? page : null;
        var retry = response.RetryAfter ?? DefaultRetry;
        return new RenewalInfo(start, end, explanation, retry < ShortestRetry ? ShortestRetry : retry > LongestRetry ? LongestRetry : retry);
    }
}
