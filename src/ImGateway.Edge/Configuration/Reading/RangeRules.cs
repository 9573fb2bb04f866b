using System.Numerics;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Bounds of numbers and durations.</summary>
static class RangeRules
{
    // Kestrel's request buffer: with a larger limit for the request line or headers, Kestrel does not start.
    const int RequestBuffer = 1024 * 1024;

    // .NET timers are limited to 49 days.
    static readonly TimeSpan LongestTimer = TimeSpan.FromDays(45);

    static readonly TimeSpan LongestDrain = TimeSpan.FromDays(1);

    public static void Check(EdgeOptions options, ProblemCollector problems)
    {
        Duration("Edge:Tls:HandshakeTimeout", options.Tls.HandshakeTimeout, TimeSpan.FromHours(1));
        Duration("Edge:Upstream:IdleTimeout", options.Upstream.IdleTimeout, TimeSpan.FromDays(1));
        Duration("Edge:WebSockets:IdleTimeout", options.WebSockets.IdleTimeout, LongestTimer);
        Duration("Edge:Certificates:MaxAge", options.Certificates.MaxAge, TimeSpan.FromDays(3650));
        Drain(options.Drain, problems);
        Number("Edge:Audit:MaxBytes", options.Audit.MaxBytes, 4096, long.MaxValue);
        Number("Edge:Audit:Keep", options.Audit.Keep, 1, 1000);
        Number("Edge:Limits:RequestBodyBytes", options.Limits.RequestBodyBytes, 1, long.MaxValue);
        Number("Edge:Limits:HeaderBytes", options.Limits.HeaderBytes, 1, RequestBuffer);
        Number("Edge:Limits:UrlBytes", options.Limits.UrlBytes, 1, RequestBuffer);
        Number("Edge:Limits:MinBytesPerSecond", options.Limits.MinBytesPerSecond, 0, int.MaxValue);
        Number("Edge:Limits:RequestsPerSecondPerAddress", options.Limits.RequestsPerSecondPerAddress, 0, 1_000_000);
        if (options.HoldWhileDown != TimeSpan.Zero) Duration("Edge:HoldWhileDown", options.HoldWhileDown, TimeSpan.FromHours(1));
        Number("Edge:Limits:Connections", options.Limits.Connections, 0, int.MaxValue);
        Number("Edge:Limits:ConnectionsPerAddress", options.Limits.ConnectionsPerAddress, 0, int.MaxValue);
        Number("Edge:Limits:WebSockets", options.Limits.WebSockets, 0, int.MaxValue);
        Number("Edge:Limits:HandshakesInProgress", options.Limits.HandshakesInProgress, 0, 10_000);

        void Duration(string key, TimeSpan value, TimeSpan most)
        {
            if (value <= TimeSpan.Zero || value > most) problems.Invalid(key, $"{value:c} is out of range", $"write more than 00:00:00 and at most {most:c}");
        }

        void Number<T>(string key, T value, T least, T most) where T : INumber<T>
        {
            if (value < least || value > most) problems.Invalid(key, $"{value} is out of range", $"write {least} to {most}");
        }
    }

    static void Drain(DrainSection drain, ProblemCollector problems)
    {
        var isValid = true;
        Check("Edge:Drain:Delay", drain.Delay, TimeSpan.Zero);
        Check("Edge:Drain:Spread", drain.Spread, TimeSpan.Zero);
        Check("Edge:Drain:Timeout", drain.Timeout, TimeSpan.FromSeconds(1));
        if (!isValid || drain.Delay + drain.Spread <= drain.Timeout) return;
        problems.Invalid(
            "Edge:Drain:Timeout",
            $"{drain.Timeout:c} is over before the last WebSocket is asked to close, after Delay and Spread = {drain.Delay + drain.Spread:c}",
            "raise it to some seconds more than that, or lower Edge:Drain:Delay or Edge:Drain:Spread");

        void Check(string key, TimeSpan value, TimeSpan least)
        {
            if (value >= least && value <= LongestDrain) return;
            problems.Invalid(key, $"{value:c} is out of range", $"write at least {least:c} and at most {LongestDrain:c}");
            isValid = false;
        }
    }
}
