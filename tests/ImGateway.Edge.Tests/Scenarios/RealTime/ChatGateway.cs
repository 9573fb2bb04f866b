using System.Globalization;
using ImGateway.Edge.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Scenarios.RealTime;

/// <summary>
/// A gateway of ASP.NET Core: a SignalR hub on <c>/hubs/chat</c>, server-sent events on <c>/api/events</c> that go on after the last id a client had,
/// long polls on <c>/api/poll</c>, a page on <c>/api/page</c>.
/// </summary>
sealed class ChatGateway : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly Messages _messages = new();

    ChatGateway(WebApplication app, int port) => (_app, Address) = (app, new Uri($"http://127.0.0.1:{port}"));

    public Uri Address { get; }

    /// <param name="port">On loopback.</param>
    /// <param name="earlier">Published before.</param>
    public static async Task<ChatGateway> StartAsync(int port, params string[] earlier)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddRouting().AddCors().AddSingleton(new Self(port)).AddSignalR();
        var gateway = new ChatGateway(builder.Build(), port);
        foreach (var text in earlier) gateway.Publish(text);
        gateway._app.UseRouting();
        // Of pages of every origin, with their cookies.
        gateway._app.UseCors(policy => policy.SetIsOriginAllowed(_ => true).AllowCredentials().AllowAnyHeader().AllowAnyMethod());
        gateway._app.MapHub<ChatHub>("/hubs/chat");
        gateway._app.MapGet("/api/events", gateway.StreamAsync);
        gateway._app.MapGet("/api/page", () => "a page");
        gateway._app.MapGet("/api/poll", gateway.PollAsync);
        await gateway._app.StartAsync();
        return gateway;
    }

    /// <summary>Sends it to the client that polls now, or that polls next.</summary>
    public void Publish(string text) => _messages.Add(text);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    async Task StreamAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync("retry: 100\n\n", context.RequestAborted);
        var last = int.TryParse(context.Request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;
        while (true)
        {
            var text = await _messages.AfterAsync(last, context.RequestAborted);
            await context.Response.WriteAsync($"id: {++last}\ndata: {text}\n\n", context.RequestAborted);
        }
    }

    async Task PollAsync(HttpContext context)
    {
        var after = int.Parse(context.Request.Query["after"].ToString(), CultureInfo.InvariantCulture);
        await context.Response.WriteAsync(await _messages.AfterAsync(after, context.RequestAborted), context.RequestAborted);
    }

    public sealed record Self(int Port);

    public sealed class ChatHub(Self self) : Hub
    {
        public async Task<string> Say(string text)
        {
            await Clients.Caller.SendAsync("news", text);
            return $"{text} from {self.Port}";
        }
    }

    sealed class Messages
    {
        readonly Lock _lock = new();
        readonly List<TaskCompletionSource<string>> _all = [New()];

        public void Add(string text)
        {
            lock (_lock)
            {
                _all[^1].SetResult(text);
                _all.Add(New());
            }
        }

        /// <summary>The one after the first <paramref name="count"/>, once there is one.</summary>
        public Task<string> AfterAsync(int count, CancellationToken cancellationToken)
        {
            lock (_lock) return _all[Math.Min(count, _all.Count - 1)].Task.WaitAsync(cancellationToken);
        }

        static TaskCompletionSource<string> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
