using System.Collections;
using System.Reflection;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Finds the known key nearest to a misspelled one.</summary>
static class NearestKey
{
    // The cost of the distance is quadratic in the length, and no key is longer.
    const int LongestName = 64;

    static readonly Lazy<IReadOnlyList<string>> Everywhere = new(() => [.. KeysOf(typeof(EdgeOptions), "Edge")]);

    /// <summary>The nearest of the keys in the same section, else one of the same name in another section, else null.</summary>
    public static string? Of(string key, IEnumerable<string> sameSection) => Among(key, sameSection) ?? Nearest(key, Everywhere.Value, _ => 1);

    /// <summary>The nearest of <paramref name="candidates"/>, else null.</summary>
    public static string? Among(string key, IEnumerable<string> candidates) => Nearest(key, candidates, name => Math.Max(1, name.Length / 3));

    static string? Nearest(string key, IEnumerable<string> candidates, Func<string, int> tolerance)
    {
        var name = NameOf(key).ToUpperInvariant();
        if (name.Length is 0 or > LongestName) return null;
        return candidates
            .Select(candidate => (Key: candidate, Distance: Distance(name, NameOf(candidate).ToUpperInvariant())))
            .Where(candidate => candidate.Distance <= tolerance(name))
            .OrderBy(candidate => candidate.Distance)
            .Select(candidate => candidate.Key)
            .FirstOrDefault();
    }

    static string NameOf(string key) => key[(key.LastIndexOf(':') + 1)..];

    // Optimal string alignment: one insertion, deletion, substitution or swap of neighbours costs 1.
    static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }

        return d[a.Length, b.Length];
    }

    static IEnumerable<string> KeysOf(Type type, string section)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            var key = ConfigurationKey.Join(section, property.Name);
            yield return key;
            var valueType = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (ValueParser.For(valueType) is not null || typeof(IEnumerable).IsAssignableFrom(valueType)) continue;
            foreach (var below in KeysOf(valueType, key)) yield return below;
        }
    }
}
