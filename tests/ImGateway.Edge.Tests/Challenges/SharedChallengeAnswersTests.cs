using System.Text;
using System.Text.Json;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.Tests.Storage;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ImGateway.Edge.Tests.Challenges;

/// <summary>An edge answers the challenges of another edge's orders, whatever the storage does meanwhile.</summary>
public sealed class SharedChallengeAnswersTests : IAsyncDisposable
{
    readonly MemoryStorage.Node _orderer;
    readonly InterceptedStorage _storage;
    readonly ServiceProvider _services;
    readonly SharedChallengeAnswers _answers;

    public SharedChallengeAnswersTests()
    {
        var shared = new MemoryStorage();
        (_orderer, _storage) = (new MemoryStorage.Node(shared, "orderer"), new InterceptedStorage(new MemoryStorage.Node(shared, "here")));
        _services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IStorage>(_storage)
            .AddSingleton(new ServerCertificateSelector(ProxyHost.Options(new Uri("http://127.0.0.1:9")), new SslStreamEngine(TestProcess.Policy)))
            .AddChallenges()
            .BuildServiceProvider();
        _answers = _services.GetServices<IHostedService>().OfType<SharedChallengeAnswers>().Single();
    }

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _answers.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        _orderer.Dispose();
    }

    [Fact]
    public async Task A_response_stays_when_its_repeated_notification_cannot_be_followed()
    {
        await StartAsync();
        await PublishAsync("one");
        await UntilAnsweredAsync("one");

        await WriteAsync(Challenge("one"), "{");
        await PublishAsync("two");
        await UntilAnsweredAsync("two");

        Assert.Equal("one.key", Answer("one"));
    }

    [Fact]
    public async Task A_response_is_replaced_by_a_later_one_of_its_token_and_removed_with_its_challenge()
    {
        await StartAsync();
        await PublishAsync("one");
        await UntilAnsweredAsync("one");

        await WriteAsync(Challenge("one"), JsonSerializer.Serialize(Challenge("one") with { Response = "one.other" }));
        await UntilAsync(() => Answer("one") == "one.other");
        await _orderer.DeleteAsync(Challenge("one").Key, Cancelled);
        await UntilAsync(() => Answer("one") is null);
    }

    [Theory]
    [InlineData("{\"Type\":\"http-01\"}")]
    [InlineData("{\"Type\":\"http-01\",\"Host\":\"gateway.test\"}")]
    [InlineData("{\"Type\":\"tls-alpn-01\",\"Host\":\"gateway.test\"}")]
    public async Task A_challenge_that_lacks_fields_does_not_stop_the_edge_that_finds_it(string challenge)
    {
        await StartAsync();
        await PublishAsync("first");
        await UntilAnsweredAsync("first");
        await WriteAsync(Challenge("incomplete"), challenge);
        await PublishAsync("one");
        await UntilAnsweredAsync("one");
    }

    [Fact]
    public async Task Challenges_that_could_not_be_listed_at_the_start_are_answered_later()
    {
        Assert.NotNull(await _orderer.TryLeaseAsync(IStorage.Writer, Cancelled));
        await PublishAsync("one");
        var failures = 0;
        _storage.OnList = () => failures++ < 2 ? throw new IOException("the storage cannot be reached") : Task.CompletedTask;

        await _answers.StartAsync(Cancelled);

        await UntilAnsweredAsync("one");
    }

    static SharedChallenge Challenge(string token) => new("http-01", "gateway.test", token, token + ".key");

    async Task StartAsync()
    {
        Assert.NotNull(await _orderer.TryLeaseAsync(IStorage.Writer, Cancelled));
        await _answers.StartAsync(Cancelled);
    }

    Task PublishAsync(string token) => WriteAsync(Challenge(token), JsonSerializer.Serialize(Challenge(token)));

    Task WriteAsync(SharedChallenge challenge, string content) => _orderer.WriteAsync(challenge.Key, Encoding.UTF8.GetBytes(content), Cancelled).AsTask();

    string? Answer(string token)
    {
        _services.GetRequiredService<HttpChallenges>().IsChallenge("/.well-known/acme-challenge/" + token, out var answer);
        return answer is null ? null : Encoding.ASCII.GetString(answer);
    }

    Task UntilAnsweredAsync(string token) => UntilAsync(() => Answer(token) is not null);

    async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!condition())
        {
            Assert.False(_answers.ExecuteTask is { IsFaulted: true }, _answers.ExecuteTask?.Exception?.Message);
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
