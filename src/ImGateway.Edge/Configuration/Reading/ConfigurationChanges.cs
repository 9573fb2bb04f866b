namespace ImGateway.Edge.Configuration.Reading;

/// <summary>The differences between two configurations.</summary>
static class ConfigurationChanges
{
    /// <summary>One line for each changed key (a list is one key); secrets are masked.</summary>
    public static IReadOnlyList<ConfigurationChange> Between(EdgeOptions old, EdgeOptions next)
    {
        var (before, after) = Grouped(old, next);
        return
        [
            .. from key in before.Keys.Union(after.Keys, StringComparer.Ordinal)
               let was = before.GetValueOrDefault(key, [])
               let now = after.GetValueOrDefault(key, [])
               where !was.SequenceEqual(now)
               select new ConfigurationChange(key, SingleLine.Escape(Describe(was, now))),
        ];
    }

    /// <summary>The changed keys of a library's section, without values, which may contain secrets.</summary>
    public static IReadOnlyList<ConfigurationChange> Between(IConfiguration old, IConfiguration next, string section)
    {
        var (before, after) = (ValuesOf(old), ValuesOf(next));
        return
        [
            .. from key in before.Keys.Union(after.Keys, StringComparer.OrdinalIgnoreCase)
               where before.GetValueOrDefault(key) != after.GetValueOrDefault(key)
               select new ConfigurationChange(SingleLine.Escape(key), "changed"),
        ];

        Dictionary<string, string> ValuesOf(IConfiguration configuration) => configuration.GetSection(section).AsEnumerable()
            .Where(entry => entry.Value is not null)
            .ToDictionary(entry => entry.Key, entry => entry.Value!, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The settings that may differ. Hosts and files may be thousands, and usually are the same ones.</summary>
    static (Dictionary<string, List<Setting>> Before, Dictionary<string, List<Setting>> After) Grouped(EdgeOptions old, EdgeOptions next)
    {
        if (old.Hosts.SequenceEqual(next.Hosts)) (old, next) = (old with { Hosts = [] }, next with { Hosts = [] });
        if (old.Certificates.Files.SequenceEqual(next.Certificates.Files)) (old, next) = (WithoutFiles(old), WithoutFiles(next));
        return (Grouped(old), Grouped(next));

        static EdgeOptions WithoutFiles(EdgeOptions options) => options with { Certificates = options.Certificates with { Files = [] } };
    }

    static Dictionary<string, List<Setting>> Grouped(EdgeOptions options) => EffectiveSettings.Of(options)
        .GroupBy(setting => setting.List ?? setting.Key, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.ToList(), StringComparer.Ordinal);

    static string Describe(List<Setting> was, List<Setting> now)
    {
        if (was.Concat(now).Any(setting => setting.Secret is not null)) return "changed";
        var (removed, added) = (Texts(was).Except(Texts(now)).ToList(), Texts(now).Except(Texts(was)).ToList());
        if (was.Concat(now).All(setting => setting.List is null)) return $"{Text(was)} → {Text(now)}";
        if (removed.Count == 0 && added.Count == 0) return "in another order";
        return string.Join(", ", added.Select(text => $"+ {text}").Concat(removed.Select(text => $"- {text}")));

        static IEnumerable<string> Texts(List<Setting> settings) => settings.Where(setting => setting.Text != EffectiveSettings.None).Select(setting => setting.Text);

        static string Text(List<Setting> settings) => settings is [var only] ? only.Text : EffectiveSettings.None;
    }
}

/// <param name="What">The change as text.</param>
sealed record ConfigurationChange(string Key, string What)
{
    public override string ToString() => $"{Key}: {What}";
}
