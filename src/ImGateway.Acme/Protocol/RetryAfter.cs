using System.Net.Http.Headers;

namespace ImGateway.Acme.Protocol;

/// <summary>RFC 9110 §10.2.3: seconds, or a date.</summary>
static class RetryAfter
{
    /// <param name="text">The header.</param>
    /// <param name="now">The answer's own date where it has one: the CA's clock and ours may differ.</param>
    /// <param name="longest">The clamp.</param>
    /// <returns>Null where it is neither.</returns>
    public static TimeSpan? Parse(string? text, DateTimeOffset now, TimeSpan longest)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        if (!text.AsSpan().Trim().ContainsAnyExceptInRange('0', '9'))
        {
            // More digits than a number holds are a long time too.
            var seconds = double.Parse(text.AsSpan().Trim());
            return seconds >= longest.TotalSeconds ? longest : TimeSpan.FromSeconds(seconds);
        }

        if (!RetryConditionHeaderValue.TryParse(text, out var parsed) || parsed.Date is not { } date) return null;
        var wait = date - now;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait > longest ? longest : wait;
    }
}
