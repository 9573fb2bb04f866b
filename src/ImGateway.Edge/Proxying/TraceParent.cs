using System.Diagnostics;

namespace ImGateway.Edge.Proxying;

/// <summary>The <c>traceparent</c> header (W3C Trace Context, level 1): a valid one is kept, otherwise a new trace starts here.</summary>
static class TraceParent
{
    const int Length = 55;

    /// <summary>
    /// Reads the ids of a valid header. .NET parses the ids, the flags and the version, which must not be ff. It neither checks the separators nor accepts a
    /// later version with appended fields, of which §3.2.4 requires the known part to be parsed.
    /// </summary>
    public static bool TryParse(string? header, out ActivityContext trace)
    {
        trace = default;
        return header is { Length: >= Length } && header[2] == '-' && header[35] == '-' && header[52] == '-'
            && (header.Length == Length || (header[Length] == '-' && !header.StartsWith("00", StringComparison.Ordinal)))
            && ActivityContext.TryParse(header[..Length], traceState: null, out trace);
    }

    /// <summary>A new trace, sampled, so that upstreams with parent-based sampling record it as they would without the edge.</summary>
    public static string Start() => $"00-{ActivityTraceId.CreateRandom().ToHexString()}-{ActivitySpanId.CreateRandom().ToHexString()}-01";
}
