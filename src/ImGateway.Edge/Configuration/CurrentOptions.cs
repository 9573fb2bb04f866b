namespace ImGateway.Edge.Configuration;

/// <summary>
/// The options in force. What serves one request or connection reads <see cref="Value"/> once and keeps to it; what outlives a reload
/// reads it anew each time.
/// </summary>
public sealed class CurrentOptions(EdgeOptions options)
{
    volatile EdgeOptions _value = options;

    public EdgeOptions Value => _value;

    /// <summary>By a reload alone, once everything that is made from the options has been made.</summary>
    public void Replace(EdgeOptions options) => _value = options;
}
