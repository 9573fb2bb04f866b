using System.Globalization;
using System.Net;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>The parser of one type of value.</summary>
/// <param name="Parse">Returns null for invalid text.</param>
/// <param name="What">Completes "'x' is not …".</param>
/// <param name="Remedy">The expected format.</param>
/// <param name="IsSecret">Whether the text may contain a password, even an invalid one, and must not be quoted.</param>
sealed record ValueParser(Func<string, object?> Parse, string What, string Remedy, bool IsSecret = false)
{
    // TimeSpan.Parse would read "10" as ten days and "5:00" as five hours.
    static readonly string[] Durations = [@"hh\:mm\:ss", @"d\.hh\:mm\:ss", @"hh\:mm\:ss\.FFFFFFF", @"d\.hh\:mm\:ss\.FFFFFFF"];

    static readonly Dictionary<Type, ValueParser> Known = new()
    {
        [typeof(string)] = new(text => text, "text", "write text"),
        [typeof(Secret)] = new(text => new Secret(text), "text", "write text"),
        [typeof(bool)] = new(text => bool.TryParse(text, out var value) ? value : null, "true or false", "write true or false"),
        [typeof(int)] = Whole(text => int.TryParse(text, NumberStyles.AllowLeadingSign, null, out var value) ? value : null, int.MaxValue),
        [typeof(long)] = Whole(text => long.TryParse(text, NumberStyles.AllowLeadingSign, null, out var value) ? value : null, long.MaxValue),
        [typeof(double)] = new(
            text => double.TryParse(text, NumberStyles.AllowDecimalPoint, NumberFormatInfo.InvariantInfo, out var value) ? value : null,
            "a number",
            "write digits and a point, such as 0.35"),
        [typeof(TimeSpan)] = new(
            text => TimeSpan.TryParseExact(text, Durations, null, out var value) ? value : null,
            "a duration",
            "write hh:mm:ss or d.hh:mm:ss, such as 00:00:30 or 90.00:00:00"),
        [typeof(HostName)] = new(
            text => HostName.TryParse(text, out var value) ? value : null,
            "a host name",
            "write a DNS name, *.name or an IP address, without scheme, port or path"),
        [typeof(ListenAddress)] = new(
            text => ListenAddress.TryParse(text, out var value) ? value : null,
            "an address and port",
            "write address:port, such as *:443, 127.0.0.1:9180 or [::1]:9180"),
        [typeof(IPNetwork)] = new(Network, "a network", "write address/length, such as 10.0.0.0/8"),
        [typeof(OutgoingProxyAddress)] = new(text => OutgoingProxyAddress.TryParse(text, out var value) ? value : null, OutgoingProxyAddress.What, OutgoingProxyAddress.Remedy, IsSecret: true),
        [typeof(Uri)] = new(text => Uri.TryCreate(text, UriKind.Absolute, out var value) ? value : null, "a URL", "write http://host:port"),
    };

    /// <summary>The parser of <paramref name="type"/>; null if the type is a section.</summary>
    public static ValueParser? For(Type type) => type.IsEnum ? Choice(type) : Known.GetValueOrDefault(type);

    static ValueParser Whole(Func<string, object?> parse, long most) => new(parse, "a whole number", $"write digits, at most {most}");

    // Enum.Parse also accepts numbers and lists of names, which are not valid settings.
    static ValueParser Choice(Type type)
    {
        var names = Enum.GetNames(type);
        return new(
            text => Array.Find(names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse(type, name) : null,
            "among the choices",
            $"write {(names.Length == 1 ? names[0] : $"{string.Join(", ", names[..^1])} or {names[^1]}")}");
    }

    // Stricter than IpNetworks.Parse: only canonical spellings of an address.
    static object? Network(string text) =>
        HostName.TryParse(text.Split('/')[0], out var host) && host.IsAddress && IpNetworks.Parse(text) is { } network ? network : null;
}
