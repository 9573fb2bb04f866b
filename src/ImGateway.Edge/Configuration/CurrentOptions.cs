namespace ImGateway.Edge.Configuration;

/// <summary>
/// The options in force. Code that serves one request or connection reads <see cref="Value"/> once and keeps it; objects that outlive a
/// reload read it each time.
/// </summary>
public sealed class CurrentOptions(EdgeOptions options)
{
    volatile EdgeOptions _value = options;

    public EdgeOptions Value => _value;

    /// <summary>Called only by a reload, after everything that is built from the options has been built.</summary>
    public void Replace(EdgeOptions options) => _value = options;
}
