using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>When the CA wants a certificate renewed (RFC 9773 §4.2).</summary>
/// <param name="WindowStart">In the past, or all of it: renew now.</param>
/// <param name="WindowEnd">After <paramref name="WindowStart"/>.</param>
/// <param name="Explanation">A page for people.</param>
/// <param name="RetryAfter">When to ask again: between a minute and a day, six hours where the CA says nothing.</param>
public sealed record RenewalInfo(DateTimeOffset WindowStart, DateTimeOffset WindowEnd, Uri? Explanation, TimeSpan RetryAfter)
{
    static readonly TimeSpan ShortestRetry = TimeSpan.FromMinutes(1);
    static readonly TimeSpan LongestRetry = TimeSpan.FromDays(1);
    static readonly TimeSpan DefaultRetry = TimeSpan.FromHours(6);

    internal static RenewalInfo Parse(AcmeAnswer answer)
    {
        var fields = answer.Fields();
        var window = fields.RequiredObject("suggestedWindow");
        var (start, end) = (window.RequiredDate("start"), window.RequiredDate("end"));
        if (end <= start) throw answer.Failure("its window ends before it starts");
        var explanation = Uri.TryCreate(fields.Text("explanationURL"), UriKind.Absolute, out var page)
            && (page.Scheme == Uri.UriSchemeHttps || page.Scheme == Uri.UriSchemeHttp) ? page : null;
        var retry = answer.RetryAfter ?? DefaultRetry;
        return new RenewalInfo(start, end, explanation, retry < ShortestRetry ? ShortestRetry : retry > LongestRetry ? LongestRetry : retry);
    }
}
