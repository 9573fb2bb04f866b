using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Scheduling;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Configuration;

namespace ImGateway.Edge.Operations.Reload;

/// <summary>
/// Replaces the configuration in force by the present file and environment, completely or not at all. Open connections are
/// not affected: they keep the configuration they began with.
/// </summary>
/// <param name="started">The configuration at start.</param>
sealed partial class ConfigurationReload(
    StartConfiguration started,
    CurrentOptions current,
    CertificateReconfiguration certificates,
    CertificateFileReload files,
    CurrentRequestConfiguration requestConfiguration,
    IOptions<KestrelServerOptions> kestrel,
    ConfigurationMetrics metrics,
    LastReload last,
    TimeProvider time,
    ILogger<ConfigurationReload> logger) : IDisposable
{
    /// <summary>How often an invalid file is read; together with the pauses about a second, after which a partially written file should be complete.</summary>
    const int Attempts = 5;

    static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(250);

    readonly AsyncLock _lock = new();
    IConfiguration _configuration = started.Configuration;
    string _since = $"{time.GetUtcNow():u}, by the start";

    /// <param name="who">The trigger, for the log.</param>
    public async Task<ReloadResult> ReloadAsync(string who, CancellationToken cancellationToken)
    {
        using var held = await _lock.AcquireAsync(cancellationToken);
        try
        {
            var result = await ReadAsync(cancellationToken);
            if (result is { Succeeded: true, Changes.Count: > 0 }) _since = $"{time.GetUtcNow():u}, by {who}";
            last.Record(who, result);
            Report(who, result);
            return result;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The caller waits for a response, and the next reload may succeed.
            Failed(e, who);
            metrics.Refused();
            var result = ReloadResult.Refused(["the reload failed within the edge; its log says how"]);
            last.Record(who, result);
            return result;
        }
    }

    public void Dispose() => _lock.Dispose();

    async Task<ReloadResult> ReadAsync(CancellationToken cancellationToken)
    {
        if (started.File is null) return ReloadResult.Refused(["this edge was started without a configuration that could be read again; stop it and start it anew"]);
        try
        {
            // 1. Read and validate, as at start.
            var configuration = await LoadAsync(started.File, cancellationToken);
            var read = EdgeConfiguration.Read(configuration);
            if (read.Options is not { } wanted) return ReloadResult.Refused(read.Problems.Where(problem => problem.PreventsStart).Select(problem => problem.ToString()));

            // 2. Keep settings that need a restart; compare all others.
            var running = current.Value;
            var next = RestartSettings.Keep(running, wanted);
            string[] warnings = [.. read.Problems.Select(problem => problem.ToString()), .. RestartSettings.Warnings(running, wanted), .. RestartSettings.Warnings(started.Configuration, configuration), .. ReplacedFiles(started.File, wanted)];
            string[] changes =
            [
                .. ConfigurationChanges.Between(running, next).Select(change => change.ToString()),
                .. ConfigurationChanges.Between(_configuration, configuration, ProxyConfiguration.Section).Select(change => change.ToString()),
            ];
            if (changes.Length == 0)
            {
                var retry = await files.RetryAsync(cancellationToken);
                return new ReloadResult(retry.Served, warnings, [], _since) { RefusedFiles = retry.Refused };
            }

            // 3. Validate YARP's section.
            var proxy = ProxyConfiguration.Read(next, configuration);
            var refused = await requestConfiguration.ProblemsAsync(proxy);
            if (refused.Count > 0) return ReloadResult.Refused(refused);

            // 4. Apply.
            await PutInForceAsync(running, next, proxy, cancellationToken);
            _configuration = configuration;
            var retried = await files.RetryAsync(cancellationToken);
            return new ReloadResult([.. changes, .. retried.Served], warnings, []) { RefusedFiles = retried.Refused };
        }
        catch (UserError mistake)
        {
            return ReloadResult.Refused(mistake.Message.Split(Environment.NewLine));
        }
        catch (CertificateLoadException problems)
        {
            return ReloadResult.Refused(problems.Lines);
        }
    }

    /// <summary>Warnings about replaced bind-mounted files, whose reload would otherwise report that nothing has changed.</summary>
    static IEnumerable<string> ReplacedFiles(ConfigurationFile file, EdgeOptions wanted) =>
        BindMounts.Problems([.. file.Path is { } path ? (string[])[path] : [], .. wanted.Certificates.Files.SelectMany(certificate => certificate.AllPaths())]);

    /// <summary>Applies certificates first, so that a new host has its certificate before requests for it are routed.</summary>
    async Task PutInForceAsync(EdgeOptions running, EdgeOptions next, IProxyConfig proxy, CancellationToken cancellationToken)
    {
        await certificates.ApplyAsync(next, cancellationToken);
        try
        {
            await requestConfiguration.ReplaceAsync(next, proxy);
        }
        catch
        {
            // After any exception, and not to be cancelled: otherwise the edge would serve the certificates of one configuration and the routes of another.
            await certificates.ApplyAsync(running, CancellationToken.None);
            throw;
        }

        KestrelSettings.SetLimits(kestrel.Value, next);
        current.Replace(next);
    }

    /// <summary>Reads the file, and reads it again for a moment if it is invalid, because it may be partially written.</summary>
    async Task<IConfigurationRoot> LoadAsync(ConfigurationFile file, CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt < Attempts; attempt++)
        {
            try
            {
                return file.Load();
            }
            catch (UserError)
            {
                await Task.Delay(BetweenAttempts, time, cancellationToken);
            }
        }

        return file.Load();
    }

    void Report(string who, ReloadResult result)
    {
        foreach (var warning in result.Warnings.Concat(result.RefusedFiles)) Warn(warning);
        if (!result.Succeeded)
        {
            metrics.Refused();
            foreach (var problem in result.Problems) Problem(problem);
            Refused(who);
            return;
        }

        metrics.Succeeded();
        foreach (var change in result.Changes) Change(change);
        if (result.Changes.Count == 0 && result.RefusedFiles.Count > 0) StillRefused(who, result.RefusedFiles.Count);
        else if (result.Changes.Count == 0) Unchanged(who);
        else Reloaded(who, result.Changes.Count);
    }

    [LoggerMessage(1, LogLevel.Information, "Configuration reloaded by {Who}: {Count} settings changed")]
    partial void Reloaded(string who, int count);

    [LoggerMessage(2, LogLevel.Information, "Configuration reloaded by {Who}: nothing has changed")]
    partial void Unchanged(string who);

    [LoggerMessage(8, LogLevel.Warning, "Configuration reloaded by {Who}: it is the same, and {Count} certificate files are still refused")]
    partial void StillRefused(string who, int count);

    [LoggerMessage(3, LogLevel.Error, "Configuration not reloaded by {Who}: the last good one stays in force")]
    partial void Refused(string who);

    [LoggerMessage(4, LogLevel.Error, "{Problem}")]
    partial void Problem(string problem);

    [LoggerMessage(5, LogLevel.Warning, "{Warning}")]
    partial void Warn(string warning);

    [LoggerMessage(6, LogLevel.Information, "{Change}")]
    partial void Change(string change);

    [LoggerMessage(7, LogLevel.Error, "A reload by {Who} failed inside the edge")]
    partial void Failed(Exception exception, string who);
}
