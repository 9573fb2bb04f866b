using System.Text.Json;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Loads the settings and reads them into options. Independent of ASPNETCORE_ENVIRONMENT.</summary>
public static class EdgeConfiguration
{
    const string DefaultFile = "appsettings.json", SystemFile = "/etc/imgw/appsettings.json";

    /// <summary>The file that <see cref="Load"/> reads. A reload reads the same file again, even if a file of higher precedence has appeared.</summary>
    /// <param name="configFile">As for <see cref="Load"/>.</param>
    public static string? FileOf(string? configFile) => configFile ?? FindDefault();

    /// <summary>Loads one file, then environment variables, then <paramref name="overrides"/>; later sources win.</summary>
    /// <param name="configFile">Null looks for <c>./appsettings.json</c>, then the one beside the program, then <c>/etc/imgw/appsettings.json</c>.</param>
    /// <param name="overrides">Keys such as <c>Edge:Hosts:0</c>.</param>
    /// <exception cref="UserError">The file is missing or is not JSON, or nothing at all is configured.</exception>
    public static IConfigurationRoot Load(string? configFile = null, IReadOnlyDictionary<string, string?>? overrides = null)
    {
        var builder = new ConfigurationBuilder();
        var file = FileOf(configFile);
        // As a stream, because the file provider ignores dot files, through which Kubernetes mounts files.
        if (file is not null) builder.Add(new IndexedJsonSource { Stream = new MemoryStream(ReadFile(file), writable: false) });
        builder.AddEnvironmentVariables();
        if (overrides is not null) builder.AddInMemoryCollection(overrides);
        var configuration = Build(builder, file ?? DefaultFile);
        if (file is null && !configuration.GetSection("Edge").GetChildren().Any())
        {
            throw new UserError(
                $"{DefaultFile}: not found, neither here nor beside the program, and there is no {SystemFile}; write one with Edge:Hosts, Edge:Upstreams and Edge:Certificates:Source "
                + "(or set Edge__Hosts__0 and so on), or try 'imgw demo', which needs none");
        }

        return configuration;
    }

    /// <summary>Returns all problems at once, and the options if no problem prevents the start.</summary>
    public static ConfigurationResult Read(IConfiguration configuration)
    {
        var problems = new ProblemCollector();
        var options = new SectionReader(configuration as IConfigurationRoot, problems).Read<EdgeOptions>(configuration.GetSection("Edge"));
        options = options with { ProxyEnvironment = ProxyEnvironment.Read(configuration, options.OutgoingProxy is not null, problems) };
        MisplacedKeys.Check(configuration, problems);
        HostRules.Check(options, problems);
        UpstreamRules.Check(options, problems);
        RouteRules.Check(options, problems);
        ListenRules.Check(options, problems);
        CertificateRules.Check(options, problems);
        AcmeRules.Check(options, problems);
        HeaderRules.Check(options, problems);
        AllowedOriginRules.Check(options, problems);
        RangeRules.Check(options, problems);
        OtherSectionRules.Check(configuration, options, problems);
        return new ConfigurationResult(problems.All.Any(problem => problem.PreventsStart) ? null : options, problems.All, options);
    }

    static string? FindDefault() => Array.Find([DefaultFile, Path.Combine(AppContext.BaseDirectory, DefaultFile), SystemFile], File.Exists);

    static byte[] ReadFile(string file)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UserError($"{file}: no such file; give --config an existing one", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UserError($"{file}: {(Directory.Exists(file) ? "is a directory" : "may not be read")}; give --config a file this user can read", e);
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            throw new UserError($"{file}: cannot be read ({e.Message}); give --config another", e);
        }
    }

    static IConfigurationRoot Build(ConfigurationBuilder builder, string file)
    {
        try
        {
            return builder.Build();
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidDataException)
        {
            var json = e as JsonException ?? e.InnerException as JsonException;
            var line = json?.LineNumber is { } number ? $"line {number + 1}: " : "";
            throw new UserError($"{file}: {line}{Reason(json ?? e)}; correct the JSON", e);
        }
    }

    // The first sentence only: the others name the parser's call, and repeat the position counted from zero.
    static string Reason(Exception e) => e.Message.Split(". ")[0].TrimEnd('.');
}
