using System.Net.Http.Headers;

namespace ImGateway.Acme.Protocol;

/// <summary>Parses <c>Retry-After</c>: seconds or a date (RFC 9110 §10.2.3).</summary>
static class RetryAfter
{
    /// <param name="text">The header's value.</param>
    /// <param name="now">The response's <c>Date</c> if it has one, because the CA's clock may differ from the local one.</param>
    /// <param name="longest">The maximum.</param>
    /// <returns>Null if the value is neither.</returns>
    public static TimeSpan? Parse(string? text, DateTimeOffset now, TimeSpan longest)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        if (!text.AsSpan().Trim().ContainsAnyExceptInRange('0', '9'))
        {
            // A number that overflows is clamped to the maximum.
            var seconds = double.Parse(text.AsSpan().Trim());
            return seconds >= longest.TotalSeconds ? longest : TimeSpan.FromSeconds(seconds);
        }

        if (!RetryConditionHeaderValue.TryParse(text, out var parsed) || parsed.Date is not { } date) return null;
        var wait = date - now;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait > longest ? longest : wait;
    }
}
